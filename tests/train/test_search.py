"""The search: in order, once, judged on select alone; which networks to join."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tomli_w
from typer.testing import CliRunner

from boneage import dataset
from boneage.cli import app
from boneage.dataset import Part
from boneage.errors import BoneAgeError
from boneage.found_hands import runs_folder
from boneage.train.loop import Machine, _json
from boneage.train.recipe import Recipe, read_recipe
from boneage.train.search import best_blend, blend, figures, read_search, read_tried, work_through

ROOT = Path(__file__).parents[2]
SEARCH = ROOT / "recipes" / "search" / "queue.toml"
OWN = read_search(SEARCH)
Make = Callable[..., Recipe]


@pytest.fixture
def search(tmp_path: Path, small_reference: Make, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two tiny trainings; the second goes on from the first."""
    monkeypatch.setenv("BONEAGE_RUNS", str(tmp_path / "runs"))
    path = tmp_path / "queue.toml"
    for name, start in (("first", "random"), ("second", "recipe:first")):
        recipe = small_reference(top={"name": name, "start": start})
        values = recipe.model_dump(mode="json", exclude_defaults=True)
        (path.parent / f"{name}.toml").write_text(tomli_w.dumps(values))
    path.write_text("".join(f'[[training]]\nrecipe = "{name}"\nwhy = "because"\nminutes = 3\n' for name in ("first", "second")))
    return path


def test_it_trains_in_order_once_and_tells_select_alone(search: Path, two_scans: Path, tmp_path: Path) -> None:
    asked = ["search", "run", str(search), "--data", str(two_scans), "--out", str(tmp_path / "results")]
    told = CliRunner().invoke(app, asked)
    assert told.exit_code == 0, told.output
    rows = read_tried(tmp_path / "results")
    assert [row["recipe"] for row in rows] == ["first", "second"]
    assert all(int(float(row["films"])) == 3 for row in rows)
    again = CliRunner().invoke(app, asked)
    assert "minutes of one core" not in again.stderr
    assert read_tried(tmp_path / "results") == rows
    assert not list((tmp_path / "results").glob("test-looks*"))
    with np.load(runs_folder() / "search" / "first-select.npz") as kept:
        select = {film.id for film in dataset.read_films(two_scans) if film.part is Part.SELECT}
        assert set(kept["ids"].tolist()) == select
    status = CliRunner().invoke(app, ["search", "status", str(search), "--out", str(tmp_path / "results")])
    assert rows[0]["mae"] in status.stdout
    joined = CliRunner().invoke(app, ["search", "blend", "--data", str(two_scans), "--out", str(tmp_path / "results")])
    assert joined.exit_code == 0, joined.output
    assert "with" in joined.stdout


def test_what_waits_for_another_is_told_and_does_not_stop_the_rest(search: Path, two_scans: Path, tmp_path: Path) -> None:
    done = work_through(
        search, two_scans, tmp_path, only=["second"], machine=Machine(workers=0, bf16=False), tell=lambda line: None
    )
    ((name, error),) = list(done)
    assert name == "second"
    assert isinstance(error, BoneAgeError)
    assert "recipe:first" in str(error)


def keep(name: str, shifts: dict[int, float]) -> None:
    """Answers to films as single months."""
    path = runs_folder() / "search" / f"{name}-select.npz"
    path.parent.mkdir(parents=True, exist_ok=True)
    soft = np.zeros((len(shifts), 240), np.float32)
    soft[np.arange(len(shifts)), [int(months) for months in shifts.values()]] = 1
    np.savez(path, ids=np.array(list(shifts)), soft=soft)


def test_a_blend_is_the_mean_and_takes_only_who_helps(two_scans: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BONEAGE_RUNS", str(tmp_path / "runs"))
    truth = {film.id: film.bone_age_months for film in dataset.read_films(two_scans) if film.part is Part.SELECT}
    for name, error in {"high": 4, "low": -6, "far": 30}.items():
        keep(name, {film_id: months + error for film_id, months in truth.items()})
    assert blend(["high"], two_scans)["mae"] == pytest.approx(4)
    assert blend(["high", "low"], two_scans)["mae"] == pytest.approx(1)
    assert blend(["high", "low"], two_scans)["bias"] == pytest.approx(-1)
    assert best_blend(["far", "low", "high"], two_scans) == [("high", pytest.approx(4)), ("low", pytest.approx(1))]
    with pytest.raises(BoneAgeError, match="nobody without answers"):
        blend(["nobody"], two_scans)


def test_figures_part_girls_and_boys() -> None:
    from boneage.dataset import Film
    from boneage.types import Sex

    films = {1: Film(1, Sex.MALE, 80.0), 2: Film(2, Sex.MALE, 180.0), 3: Film(3, Sex.FEMALE, 100.0)}
    said = {film_id: np.eye(240, dtype=np.float32)[months] for film_id, months in {1: 90, 2: 160, 3: 99}.items()}
    row = figures(said, films)
    assert (row["films"], row["mae_girls"], row["mae_boys"], row["mae_boys_5_to_10"]) == (3, 1, 15, 10)
    assert row["over_12"] == pytest.approx(1 / 3)
    assert row["bias"] == pytest.approx((10 - 20 - 1) / 3)


def test_a_wrong_list_is_told(search: Path) -> None:
    search.write_text(search.read_text() * 2)
    with pytest.raises(BoneAgeError, match="more than once"):
        read_search(search)


# ---- the project's own list
@pytest.mark.parametrize(("row", "recipe"), OWN, ids=[recipe.name for _, recipe in OWN])
def test_a_recipe_is_complete_and_named_as_its_file(row: object, recipe: Recipe) -> None:
    path = SEARCH.parent / f"{recipe.name}.toml"
    command = f"boneage train recipes/search/{re.escape(path.name)}"
    assert re.search(rf"^#.*{command}", path.read_text(), re.MULTILINE)
    assert Recipe.model_validate_json(_json(recipe)) == recipe


def test_the_list_has_every_recipe_and_each_comes_after_those_it_needs() -> None:
    names = [recipe.name for _, recipe in OWN]
    assert set(names) == {path.stem for path in SEARCH.parent.glob("*.toml")} - {"queue"}
    for at, (_, recipe) in enumerate(OWN):
        needs = [recipe.start.removeprefix("recipe:")] if recipe.start.startswith("recipe:") else []
        teacher = recipe.task.teacher  # type: ignore[union-attr]
        needs += teacher.recipes if teacher else []
        assert set(needs) <= set(names[:at]), recipe.name


def test_the_first_reference_s_recipe_is_told_from_its_older_runs_by_nothing() -> None:
    """Keys that came later have defaults that its JSON leaves out."""
    text = _json(read_recipe(ROOT / "recipes" / "reference-2026-11.toml"))
    assert not any(word in text for word in ("films", "acquisition", "teacher", "trunk"))
    assert '"label_sigma_months":5.0' in text
