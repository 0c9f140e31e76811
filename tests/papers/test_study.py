"""The ResNet-50 / Inception-V4 study's page: metrics against the answers, learning curves where there is a log."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from shelves import shelf_in

from boneage.dataset import Film
from boneage.evaluate.network_answers import NetworkAnswers
from boneage.papers.page import How, Verdict
from boneage.papers.study import INCEPTION, RESNET, figure_3, figure_4, inception_is_better, learning, page, table_1

Films = tuple[Film, ...]
Keep = Callable[..., NetworkAnswers]


def rows_of(body: str) -> dict[str, list[str]]:
    return {line.split(" | ")[0].strip("| "): line.strip("| ").split(" | ")[1:] for line in body.splitlines() if "|" in line}


def test_with_nothing_run_each_exhibit_stands(tmp_path: Path) -> None:
    made = page(shelf_in(tmp_path), tmp_path)
    assert [one.number for one in made.exhibits] == ["Table I", *(f"Figure {number}" for number in range(1, 7))]
    assert {one.number for one in made.exhibits if one.how is How.NOT_RUN} == {"Table I", "Figure 5", "Figure 6"}
    assert {one.verdict for one in made.findings} == {Verdict.OPEN}
    for network in (RESNET, INCEPTION):
        assert f"boneage queue run --only {network} --data DIR" in made.markdown()


def test_the_table_s_figures_are_the_answers(films: Films, keep: Keep, tmp_path: Path) -> None:
    said = keep(RESNET, films, 18.0, size="128 x 128", epochs=12)
    made = table_1(shelf_in(tmp_path))
    assert made.how is How.IN_PART
    rows = rows_of(made.body)
    truth, months = said.truth, np.round(said.predicted, 2)
    assert rows["ResNet-50"][1].startswith(f"{np.sqrt(((months - truth) ** 2).mean()):.4g} (")
    assert rows["ResNet-50"][2].startswith(f"{100 * (np.abs(months - truth) / truth).mean():.4g} (")
    assert rows["ResNet-50"][3].startswith(f"{1 - ((months - truth) ** 2).mean() / truth.var():.4g} (")
    assert set(rows["Inception-V4"][:5]) == {"not run"}
    assert rows["Inception-V4, paper"][1] == "15.09"


def test_the_finding_is_held_between_equal_budgets_alone(films: Films, keep: Keep, tmp_path: Path) -> None:
    keep(RESNET, films, 18.0, epochs=12)
    keep(INCEPTION, films, 15.0, epochs=12)
    assert inception_is_better(shelf_in(tmp_path)).verdict is Verdict.CONFIRMED
    keep(INCEPTION, films, 15.0, epochs=20)
    assert inception_is_better(shelf_in(tmp_path)).verdict is Verdict.OPEN


def test_the_stages_are_those_of_the_architectures() -> None:
    bodies = figure_3().body, figure_4().body
    residual, inception = map(rows_of, bodies)
    conv = next(cells for words, cells in residual.items() if words.startswith("stage 5"))
    assert conv[:2] == ["2048 x 4 x 4", "2048 x 8 x 8"]
    assert inception["3 x Inception-C"][1] == "1536 x 6 x 6"
    for body in bodies:
        lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in body.splitlines()[2:]]
        for column in (-2, -1):
            numbers = [int(cells[column].replace(",", "")) for cells in lines if cells[column]]
            assert sum(numbers[:-1]) == numbers[-1]


def test_learning_curves_are_drawn_of_the_log(tmp_path: Path) -> None:
    lines = ["epoch,train_loss,train_mae,select_mae,learning_rate,seconds", "1,0.4,40,30,1e-3,600", "2,0.1,20,18,1e-4,600"]
    (tmp_path / f"{RESNET}-learning.csv").write_text("\n".join(lines) + "\n")
    made = learning(shelf_in(tmp_path), tmp_path, "5", RESNET)
    assert made.how is How.STAND_IN
    assert "18" in (tmp_path / "resnet50-inception-v4-figure-5.svg").read_text()
