"""The queue: in order, resumed, never twice, never two at one; its answers are the network's own."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import tomli_w
from typer.testing import CliRunner

from boneage import dataset
from boneage.claim import claimed
from boneage.cli import app
from boneage.dataset import Part
from boneage.errors import BoneAgeError
from boneage.evaluate.network_answers import Training, read_answers, read_trainings
from boneage.train.loop import Machine
from boneage.train.queue import Stand, look_over, read_queue, work_through
from boneage.train.recipe import Recipe, read_recipe
from boneage.train.run import run, run_folder

ROOT = Path(__file__).parents[2]
PLAIN = Machine(workers=0, bf16=False)
NAMES = ("first", "second")


@pytest.fixture
def queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two tiny networks over squashed films, the second one answering years, and the file that lists them."""
    monkeypatch.setenv("BONEAGE_RUNS", str(tmp_path / "runs"))
    folder = tmp_path / "recipes"
    folder.mkdir()
    for name, of in zip(NAMES, ("vgg-a-female-2026-11", "googlenet-m3-female-2026-11"), strict=True):
        values = read_recipe(ROOT / "recipes" / f"{of}.toml").model_dump(exclude_none=True)
        values |= {"name": name, "stages": [{"epochs": 2, "size": [64, 64]}]}
        values["task"]["films"] |= {"way": "squashed", "crops": ["film"], "months": [60.0, 240.0]}
        values["task"]["network"] = {"kind": "vgg", "filters": [8] * 6, "dense": [16, 16], "dropout": 0.5}
        values["optimizer"] |= {"batch": 3, "warmup_steps": 0, "clip_norm": 100.0}
        (folder / f"{name}.toml").write_text(tomli_w.dumps(values))
    path = folder / "queue.toml"
    path.write_text("".join(f'[[training]]\nrecipe = "{name}"\nfills = "a table"\nminutes = 3\n' for name in NAMES))
    return path


def work(queue: Path, data: Path, results: Path, **options: object) -> tuple[list[str], list[str]]:
    lines: list[str] = []
    done = work_through(queue, data, results, looks=results / "test-looks.csv", machine=PLAIN, tell=lines.append, **options)  # type: ignore[arg-type]
    return [name for name, training in done if isinstance(training, Training)], lines


def test_it_trains_in_order_once_and_keeps_the_answers(queue: Path, small_data: Path, tmp_path: Path) -> None:
    results = tmp_path / "results"
    assert [standing.stand for standing in look_over(queue, results)] == [Stand.WAITING] * 2
    assert work(queue, small_data, results)[0] == list(NAMES)
    assert work(queue, small_data, results)[0] == []  # nothing twice
    assert [standing.stand for standing in look_over(queue, results)] == [Stand.DONE] * 2
    films = dataset.by_id(dataset.read_films(small_data))
    for name, classes in zip(NAMES, (None, 14), strict=True):
        answers = read_answers(results, name, films)
        assert answers is not None
        recipe = read_recipe(queue.parent / f"{name}.toml")
        sex = recipe.task.films.cohort  # type: ignore[union-attr]
        wanted = {film for film in films.values() if film.part in {Part.SELECT, Part.TEST} and film.sex.value == sex}
        assert set(answers.films) == wanted  # of its own sex alone
        assert (None if answers.classes is None else answers.classes.shape[1]) == classes
    rows = {row.network: row for row in read_trainings(results)}
    assert set(rows) == set(NAMES)
    assert rows["first"].films_seen <= 2 * rows["first"].films
    assert (results / "first-learning.csv").is_file()
    assert len((results / "test-looks.csv").read_text().splitlines()) == 3  # each network looked once


def test_the_answers_on_select_are_what_the_training_saw(queue: Path, small_data: Path, tmp_path: Path) -> None:
    results = tmp_path / "results"
    work(queue, small_data, results, only=["first"])
    answers = read_answers(results, "first", dataset.by_id(dataset.read_films(small_data)))
    (row,) = read_trainings(results)
    assert answers is not None
    chosen = answers.on(Part.SELECT).where(lambda film: film.bone_age_months >= 60)
    assert np.abs(chosen.errors).mean() == pytest.approx(row.select_mae, abs=0.02)


def test_a_run_that_was_stopped_goes_on(queue: Path, small_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from boneage.train import loop

    results, whole = tmp_path / "results", tmp_path / "whole"
    work(queue, small_data, whole, only=["first"])
    monkeypatch.setenv("BONEAGE_RUNS", str(tmp_path / "again"))

    def killed(run: Path, row: dict[str, float]) -> None:
        if row["epoch"] == 2:
            raise KeyboardInterrupt
        keep(run, row)

    keep = loop.log_row
    with monkeypatch.context() as patch:
        patch.setattr(loop, "log_row", killed)
        with pytest.raises(KeyboardInterrupt):
            work(queue, small_data, results, only=["first"])
    (first, _) = look_over(queue, results)
    assert (first.stand, first.epochs_done) == (Stand.STARTED, 1)
    work(queue, small_data, results, only=["first"])
    assert (results / "networks" / "first.csv").read_bytes() == (whole / "networks" / "first.csv").read_bytes()


def test_a_training_that_another_process_has_is_passed_over(queue: Path, small_data: Path, tmp_path: Path) -> None:
    with claimed(run_folder(_recipe(queue, "first"))) as free:
        assert free
        names, lines = work(queue, small_data, tmp_path / "results")
    assert names == ["second"]
    assert "first: another process trains it" in lines
    with claimed(run_folder(_recipe(queue, "first"))) as free:
        assert free  # given back


def test_a_training_that_fails_is_told_and_the_rest_goes_on(
    queue: Path, small_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # the record of looks is the working folder's
    first = queue.parent / "first.toml"
    first.write_text(first.read_text().replace('start = "random"', 'start = "recipe:nowhere"'))
    results = tmp_path / "results"
    told = CliRunner().invoke(app, ["queue", "run", str(queue), "--data", str(small_data), "--out", str(results)])
    assert told.exit_code == 1
    assert "first: not trained" in told.stderr
    assert [row.network for row in read_trainings(results)] == ["second"]


def test_a_training_waits_for_the_one_it_starts_from(queue: Path, small_data: Path, tmp_path: Path) -> None:
    first = queue.parent / "first.toml"
    values = read_recipe(queue.parent / "second.toml").model_dump(exclude_none=True)
    first.write_text(tomli_w.dumps(values | {"name": "first", "start": "recipe:second"}))
    results = tmp_path / "results"
    assert work(queue, small_data, results)[0] == ["second", "first"]
    shutil.rmtree(tmp_path / "runs" / "second")
    (results / "networks" / "first.csv").unlink()
    shutil.rmtree(tmp_path / "runs" / "first")
    names, lines = work(queue, small_data, results, only=["first"])
    assert names == ["first"]  # its answers are kept, its weights are not: trained again, without a second look
    assert "second: again, since others start from its weights" in lines
    assert [line.split(",")[1] for line in (results / "test-looks.csv").read_text().splitlines()[1:]].count("second") == 1


def test_a_training_whose_start_another_process_has_is_left(queue: Path, small_data: Path, tmp_path: Path) -> None:
    first = queue.parent / "first.toml"
    first.write_text(first.read_text().replace('start = "random"', 'start = "recipe:second"'))
    with claimed(run_folder(_recipe(queue, "second"))):
        names, lines = work(queue, small_data, tmp_path / "results")
    assert names == []
    assert "first: waits for second; call the queue again when that is trained" in lines


def test_two_processes_do_not_train_one_recipe(queue: Path, small_data: Path) -> None:
    recipe = _recipe(queue, "first")
    with claimed(run_folder(recipe)), pytest.raises(BoneAgeError, match="another process trains"):
        run(recipe, small_data, machine=PLAIN, tell=lambda line: None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "training"),
        ('[[training]]\nrecipe = "first"\nfills = "a"\nminutes = 0\n', "minutes"),
        ('[[training]]\nrecipe = "nowhere"\nfills = "a"\nminutes = 1\n', "nowhere"),
        ('[[training]]\nrecipe = "first"\nfills = "a"\nminutes = 1\n' * 2, "more than once"),
    ],
)
def test_a_wrong_queue_is_told_before_anything_is_trained(queue: Path, text: str, said: str) -> None:
    queue.write_text(text)
    with pytest.raises(BoneAgeError, match=said):
        read_queue(queue)


def test_an_unknown_network_is_told(queue: Path, small_data: Path, tmp_path: Path) -> None:
    with pytest.raises(BoneAgeError, match="no training 'third'"):
        work(queue, small_data, tmp_path, only=["third"])


def test_the_project_s_own_queue_is_whole() -> None:
    rows = read_queue(ROOT / "recipes" / "queue.toml")
    assert all(row.recipe == recipe.name for row, recipe in rows)


def test_status_tells_how_far_each_is(queue: Path, tmp_path: Path, small_data: Path) -> None:
    results = tmp_path / "results"
    work(queue, small_data, results, only=["second"])
    told = CliRunner().invoke(app, ["queue", "status", str(queue), "--out", str(results)])
    assert told.exit_code == 0, told.output
    (first,) = (line for line in told.stdout.splitlines() if line.strip().startswith("first"))
    (second,) = (line for line in told.stdout.splitlines() if line.strip().startswith("second"))
    assert "waiting" in first
    assert "done" in second


def _recipe(queue: Path, name: str) -> Recipe:
    return read_recipe(queue.parent / f"{name}.toml")
