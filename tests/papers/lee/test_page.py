"""Lee 2017's page: every table and figure by number, planted answers come back in table and findings, what is missing is told."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from shelves import shelf_in

from boneage.dataset import Film, Part
from boneage.evaluate.network_answers import NetworkAnswers, Training, answers_hash, answers_path, write_answers, write_training
from boneage.papers.lee import page as whole_page
from boneage.papers.lee.errors import Merit, figure_8, figure_9, grid
from boneage.papers.lee.findings import all_layers, base_rate, fine_tuning, order_of_models, patch_and_stride
from boneage.papers.lee.networks import (
    DEPTHS,
    GAMMAS,
    M1,
    M2,
    M3,
    M3_STAND_IN,
    M4_STAND_IN,
    MODELS,
    NO_WEIGHTS,
    RATES,
    SCRATCH,
    Model,
    answers_of,
    depth_network,
    grid_network,
    said_classes,
    true_classes,
)
from boneage.papers.lee.page import page
from boneage.papers.page import How, Verdict
from boneage.types import YEARS, Sex

Films = tuple[Film, ...]
Plant = Callable[..., None]
RECIPES = Path(__file__).parents[3] / "recipes"
DEPTH_NETWORKS = [*map(depth_network, DEPTHS), SCRATCH]
GRID = {(rate, gamma): grid_network(rate, gamma) for rate in RATES for gamma in GAMMAS}


def answer(name: str, films: Sequence[Film], said: Sequence[int], months: np.ndarray) -> NetworkAnswers:
    """Sure of a year each."""
    classes = np.full((len(films), len(YEARS)), 0.01)
    classes[np.arange(len(films)), np.asarray(said) - YEARS[0]] = 1 - 0.01 * (len(YEARS) - 1)
    return NetworkAnswers(name, tuple(films), months, classes)


@pytest.fixture
def plant(tmp_path: Path, films: Films) -> Plant:
    """Writes a network's answers, wrong by about `error` months, and its training under tmp_path."""

    def write(name: str, error: float, *, epochs: int = 24, select_mae: float = 8.0) -> None:
        random = np.random.default_rng(list(name.encode()))
        own = [film for film in films if f"-{film.sex.value}-" in f"-{name}-"]
        truth = np.array([film.bone_age_months for film in own])
        months = truth + error * random.choice([-1, 1], len(own)) * random.uniform(0.7, 1.3, len(own))
        said = np.clip(months // 12, YEARS[0], YEARS[-1]).astype(int)
        write_answers(file := answers_path(tmp_path, name), answer(name, own, list(said), months))
        budget = ("160 x 160", epochs, len(own), 80_000, 1, select_mae, 1.0)
        write_training(tmp_path, Training(name, "2026-11-21", "", *budget, "w", answers_hash(file), "s", "boneage queue run"))

    return write


def plant_models(plant: Plant, errors: dict[Model, float], *, epochs: int = 24) -> None:
    for model, error in errors.items():
        for name in model.networks:
            plant(name, error, epochs=epochs)


# ---- recipes
def recipe(name: str) -> dict[str, object]:
    """Without name and words; flattened by a level."""
    values = tomllib.loads((RECIPES / f"{name}.toml").read_text())
    assert values.pop("name") == name
    values.pop("about")
    task = values.pop("task")
    optimizer = {f"optimizer.{key}": value for key, value in values["optimizer"].items()}
    return values | {f"task.{key}": value for key, value in task.items()} | optimizer


def apart(first: str, second: str) -> set[str]:
    """The keys that differ, the optimizer's one by one."""
    a, b = recipe(first), recipe(second)
    return {key for key in a.keys() | b.keys() if a.get(key) != b.get(key)} - {"optimizer"}


def test_the_models_differ_in_what_the_paper_changes_alone() -> None:
    for sex in Sex:
        m1, m2, m3, m4 = (model.network(sex) for model in MODELS[:4])
        assert apart(m1, m2) == {"task.films"}
        assert apart(m2, m3) == {"augment"}
        assert apart(m3, m4) == {"start", "optimizer.learning_rate"}
        assert apart(M3_STAND_IN.network(sex), M4_STAND_IN.network(sex)) == {"start", "optimizer.learning_rate"}
        assert apart(m3, M3_STAND_IN.network(sex)) == {"task.network"}


def test_the_depths_differ_in_depth_alone_and_the_grid_in_rate_and_gamma() -> None:
    for name in DEPTH_NETWORKS[:-2]:
        assert apart(name, DEPTH_NETWORKS[-2]) == {"task.network"}
    assert apart(DEPTH_NETWORKS[-2], SCRATCH) == {"start", "optimizer.learning_rate"}
    found = {(str(v["learning_rate"]), str(v["schedule"]["gamma"])) for v in (recipe(n)["optimizer"] for n in GRID.values())}  # type: ignore[index]
    assert found == set(GRID)
    for name in GRID.values():
        assert apart(name, GRID["0.01", "0.1"]) <= {"optimizer.learning_rate", "optimizer.schedule"}


# ---- figures of merit
def test_merit_by_hand() -> None:
    """True 5, 7, 18, 18 (19 years), said 5, 8, 16, 18: two right, one beside, one two beside."""
    films = [Film(n, Sex.MALE, months) for n, months in enumerate((66.0, 90.0, 218.0, 228.0))]
    merit = Merit.of(answer("m", films, (5, 8, 16, 18), np.array([66.0, 103.0, 197.0, 222.0])))
    assert (merit.correct, merit.within_1, merit.within_2) == (0.5, 0.75, 1.0)
    assert merit.rmse_years == pytest.approx(np.sqrt((0 + 1 + 4 + 0) / 4))
    assert (merit.within_12_months, merit.within_24_months) == (0.5, 1.0)
    # classes 5 and 18 at their best, all films of the class first; 7 has one score for all films: its share, a quarter.
    # 18: the sure one comes first, then the other three together, of which one is right
    assert merit.precision == pytest.approx((1 + 0.25 + 0.5 * 1 + 0.5 * 2 / 4) / 3)


def test_films_under_5_years_are_left_out_and_classes_are_floored(tmp_path: Path, films: Films, plant: Plant) -> None:
    plant(M3.network(Sex.MALE), 3.0)
    found = answers_of(shelf_in(tmp_path), M3.network(Sex.MALE))
    assert found is not None
    assert {film.id for film in found.films} == {f.id for f in films if f.sex is Sex.MALE and f.bone_age_months >= 60}
    expected = [min(int(film.bone_age_months // 12), 18) - 5 for film in found.films]
    assert true_classes(found).tolist() == expected
    assert set(said_classes(found)) <= set(range(len(YEARS)))


# ---- the page
def test_every_table_and_figure_stands_on_it_by_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole_page, "can_draw", lambda way: False)
    made = page(shelf_in(tmp_path / "results"), tmp_path / "out")
    numbers = [one.number for one in made.exhibits]
    assert set(numbers) == {f"Table {n}" for n in range(1, 4)} | {f"Figure {n}" for n in range(1, 11)} | {"Grid"}
    assert len(set(numbers)) == len(numbers)
    assert all(one.words for one in made.exhibits)
    assert {one.verdict for one in made.findings} == {Verdict.OPEN}
    text = made.markdown()
    assert f"boneage queue run --only {SCRATCH} --data DIR" in text
    assert "5,607,982" in text  # figure 6's sum
    assert (tmp_path / "out" / "lee-2017-figure-2.svg").is_file()


def test_figure_9_tells_each_row_and_what_is_missing(tmp_path: Path, plant: Plant) -> None:
    made = figure_9(shelf_in(tmp_path / "empty"), tmp_path)
    assert made.how is How.NOT_RUN
    assert made.body.count("| not run") == 2 * (len(MODELS) - 1)
    assert made.body.count("| no ImageNet weights") == 2
    assert not set(NO_WEIGHTS) & set(made.body.split())  # no command can run them here
    plant_models(plant, {model: 6.0 for model in MODELS if model.networks != NO_WEIGHTS})
    made = figure_9(shelf_in(tmp_path), tmp_path)
    assert made.how is How.STAND_IN
    assert "queue run" not in made.body
    assert "| not run" not in made.body
    assert made.body.count("| no ImageNet weights; paper") == 2
    assert "160 x 160; 24 epochs" in made.words
    assert "lee-2017-figure-9.svg" in made.body
    assert (tmp_path / "lee-2017-figure-9.svg").is_file()
    (row,) = (line for line in made.body.splitlines() if line.startswith("| boys | M2:"))
    answers = answers_of(shelf_in(tmp_path), M2.network(Sex.MALE))
    assert answers is not None
    merit = Merit.of(answers)
    assert f"| {100 * merit.correct:.1f} (" in row
    assert f"| {merit.rmse_years:.2f} | {100 * merit.precision:.1f} |" in row


def test_figure_8_and_the_grid_have_a_row_or_cell_for_each_training(tmp_path: Path, plant: Plant) -> None:
    assert figure_8(shelf_in(tmp_path / "empty")).body.count("| not run") == len(DEPTH_NETWORKS)
    assert grid(shelf_in(tmp_path / "empty")).body.count("| not run") == len(GRID)
    for name in (*DEPTH_NETWORKS, *GRID.values()):
        plant(name, 7.0, epochs=10, select_mae=7.25)
    shelf = shelf_in(tmp_path)
    assert (figure_8(shelf).how, grid(shelf).how) == (How.STAND_IN, How.MADE)
    assert "not run" not in figure_8(shelf).body + grid(shelf).body
    assert grid(shelf).body.count("(7.25)") == len(GRID)


# ---- findings
def test_the_planted_order_is_confirmed_and_another_is_not(tmp_path: Path, plant: Plant) -> None:
    assert order_of_models(shelf_in(tmp_path / "empty")).verdict is Verdict.OPEN
    plant_models(plant, {M1: 12.0, M2: 9.0, M3: 6.0})
    assert order_of_models(shelf_in(tmp_path)).verdict is Verdict.CONFIRMED
    assert "girls, M2 before M1: yes" in order_of_models(shelf_in(tmp_path)).words


def test_the_other_way_round_is_not_confirmed_and_unequal_budgets_are_open(tmp_path: Path, plant: Plant) -> None:
    plant_models(plant, {M1: 6.0, M2: 9.0, M3: 12.0, M3_STAND_IN: 9.0})
    plant_models(plant, {M4_STAND_IN: 6.0}, epochs=30)
    assert order_of_models(shelf_in(tmp_path)).verdict is Verdict.NOT_CONFIRMED
    assert fine_tuning(shelf_in(tmp_path)).verdict is Verdict.OPEN
    plant_models(plant, {M4_STAND_IN: 6.0})
    found = fine_tuning(shelf_in(tmp_path))
    assert found.verdict is Verdict.CONFIRMED
    assert "With GoogLeNet: no ImageNet weights here." in found.words


def test_what_needs_weights_that_nobody_has_is_in_no_queue() -> None:
    queued = {row["recipe"] for row in tomllib.loads((RECIPES / "queue.toml").read_text())["training"]}
    assert not set(NO_WEIGHTS) & queued
    assert {*DEPTH_NETWORKS, *GRID.values(), *(name for model in MODELS for name in model.networks)} - set(NO_WEIGHTS) <= queued


def test_all_layers_and_base_rate(tmp_path: Path, plant: Plant) -> None:
    assert all_layers(shelf_in(tmp_path / "empty")).verdict is Verdict.OPEN
    assert base_rate(shelf_in(tmp_path / "empty")).verdict is Verdict.OPEN
    for number, name in enumerate(reversed(DEPTH_NETWORKS[:-1])):
        plant(name, 5.0 + 2 * number, epochs=10)
    plant(SCRATCH, 20.0, epochs=10)
    found = all_layers(shelf_in(tmp_path))
    assert found.verdict is Verdict.CONFIRMED
    assert "Best first: conv1, stride4, stride8" in found.words
    for (rate, gamma), name in GRID.items():
        best = gamma == "0.5"
        plant(name, (5.0 if rate == "0.01" else 9.0) if best else 1.0, epochs=8, select_mae=6.0 if best else 9.0)
    assert base_rate(shelf_in(tmp_path)).verdict is Verdict.CONFIRMED  # by the gamma that select chooses, not by test


def test_patch_and_stride(tmp_path: Path) -> None:
    assert patch_and_stride(shelf_in(tmp_path)).verdict is Verdict.OPEN
    for other, verdict in ((0.8, Verdict.CONFIRMED), (0.95, Verdict.NOT_CONFIRMED)):
        (tmp_path / "patch-grid.csv").write_text(f"patch_px,stride_px,mean_iou\n32,4,0.9\n64,2,{other}\n")
        assert patch_and_stride(shelf_in(tmp_path)).verdict is verdict


def test_select_is_read_where_it_is_asked_for(tmp_path: Path, plant: Plant) -> None:
    plant(M3.network(Sex.MALE), 3.0)
    assert answers_of(shelf_in(tmp_path, part=Part.SELECT), M3.network(Sex.MALE)) is None
