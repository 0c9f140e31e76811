"""From films to tables: a small data set of phantoms goes the whole way."""

from __future__ import annotations

import csv
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from boneage import lab
from boneage.cli import app
from boneage.combine.ensemble import combine
from boneage.combine.estimate import Calibration
from boneage.dataset import LABELS, Film, Part, by_id, part_of, read_films
from boneage.evaluate.predictions import read_predictions
from boneage.evaluate.run import Answers, ask, calibrate, predictions
from boneage.phantom import draw, write_png
from boneage.systems import REFERENCE, System
from boneage.types import YEAR_CENTERS, YEARS, Sex, Vote

pytest.importorskip("scipy", reason="needs the train extra")
ROOT = Path(__file__).parents[2]
IDS = [film_id for film_id in range(1377, 2000) if part_of(film_id) is Part.TEST][:6]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six test films: five phantoms, and one that is not a hand."""
    folder = tmp_path_factory.mktemp("data")
    rows = []
    for k, film_id in enumerate(IDS):
        months, sex = 60 + 20 * k, Sex.MALE if k % 2 else Sex.FEMALE
        rows.append(f"{film_id},{months},{sex is Sex.MALE}")
        write_png(draw(months, sex, seed=k, size=(600, 450)), folder / f"{film_id}.png")
    noise = (np.random.default_rng(0).random((600, 450)) * 255).astype(np.uint8)
    import cv2

    cv2.imwrite(str(folder / f"{IDS[-1]}.png"), noise)
    (folder / LABELS).write_text("id,boneage,male\n" + "\n".join(rows) + "\n")
    return folder


def test_a_refused_film_is_listed_and_has_no_prediction(small: Path) -> None:
    answers = ask(REFERENCE, small, Part.TEST)
    assert [film.id for film in answers.films] == sorted(IDS[:-1])
    assert [(film.id, kind) for film, kind in answers.refused] == [(IDS[-1], "no-hand")]
    assert ask(REFERENCE, small, Part.TEST, limit=2).films == answers.films[:2]


def test_evaluate_writes_tables_predictions_plots_and_the_look(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["evaluate", REFERENCE.name, "--data", str(small), "--split", "test", "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert "1 of 6 films refused" in done.output
    name = f"{REFERENCE.name}-test"
    (first, *_) = csv.DictReader((tmp_path / f"{name}.csv").read_text().splitlines())
    assert first["films"] == "5"
    kept = list(csv.DictReader((tmp_path / "predictions" / f"{name}.csv").read_text().splitlines()))
    assert [int(row["id"]) for row in kept] == sorted(IDS[:-1])
    films = by_id(read_films(small))
    errors = [abs(float(row["predicted_months"]) - films[int(row["id"])].bone_age_months) for row in kept]
    assert float(first["mae_months"]) == pytest.approx(np.mean(errors), abs=1e-3)
    (look,) = csv.DictReader((tmp_path / "results" / "test-looks.csv").read_text().splitlines())
    assert look["system"] == REFERENCE.name
    assert str(small) not in look["command"]
    assert (tmp_path / f"{name}-scatter.svg").is_file()
    assert (tmp_path / f"{name}-bland-altman.svg").is_file()
    assert (tmp_path / f"{name}-risk.svg").is_file()
    whole = [row for row in csv.DictReader((tmp_path / f"{name}-intervals.csv").read_text().splitlines()) if row["sex"] == "all"]
    assert [(row["promised"], row["films"]) for row in whole] == [("0.8", "5"), ("0.9", "5"), ("0.95", "5")]
    (doubt, *_) = csv.DictReader((tmp_path / f"{name}-doubt.csv").read_text().splitlines())
    assert (doubt["share"], doubt["films"]) == ("1", "5")


@pytest.mark.parametrize(("args", "word"), [(["--split", "all"], "one of"), (["--data", "/nowhere"], LABELS)])
def test_a_wrong_call_is_told(args: list[str], word: str) -> None:
    done = CliRunner().invoke(app, ["evaluate", REFERENCE.name, *args])
    assert done.exit_code == 2
    assert word in done.output


def simulated(part: Part, count: int, seed: int) -> Answers:
    """Answers whose error follows their spread."""
    rng = np.random.default_rng(seed)
    films, combined = [], []
    for k in range(count):
        spread, months = rng.uniform(4, 16), rng.uniform(60, 180)
        grid = np.arange(240)
        p = np.exp(-((grid - months) ** 2) / (2 * spread**2))
        one = combine([Vote("a", p / p.sum())])
        films.append(Film(k, Sex.MALE, one.months + rng.normal() * spread))
        combined.append(one)
    return Answers(part, tuple(films), tuple(combined), (), "0" * 12)


def test_a_recipe_s_network_alone_is_measured_with_an_interval_fitted_on_the_spot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch", reason="needs the train extra")
    if not (ROOT / "weights-lab").is_dir():
        pytest.skip("weights-lab/ is not here: run in the source tree")
    (tmp_path / "weights-lab").symlink_to(ROOT / "weights-lab")
    monkeypatch.chdir(tmp_path)
    asked = list[tuple[System, Part]]()

    def ask(system: System, data: Path, part: Part) -> Answers:
        asked.append((system, part))
        return simulated(part, 150, len(asked))

    monkeypatch.setattr("boneage.evaluate.run.ask", ask)
    name = "vgg-a-female-2026-11"
    recipe = ROOT / "recipes" / f"{name}.toml"
    done = CliRunner().invoke(app, ["evaluate", str(recipe), "--data", str(tmp_path), "--split", "test", "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert [part for _, part in asked] == [Part.SELECT, Part.CALIBRATE, Part.TEST]
    assert {tuple(member.network for member in system.members) for system, _ in asked} == {(name,)}
    fitted = calibrate(simulated(Part.SELECT, 150, 1), simulated(Part.CALIBRATE, 150, 2))
    answers = simulated(Part.TEST, 150, 3)
    kept = read_predictions(tmp_path / "predictions" / f"{name}-test.csv", by_id(answers.films))
    assert kept.rows == tuple(predictions(answers, fitted))
    assert (tmp_path / f"{name}-test.csv").is_file()
    (look,) = csv.DictReader((tmp_path / "results" / "test-looks.csv").read_text().splitlines())
    assert (look["system"], look["weights"]) == (name, kept.weights)
    assert look["command"] == f"boneage evaluate recipes/{name}.toml --data DIR --split test"


def test_the_calibrate_part_is_not_read_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = list[Part]()

    def ask(system: System, data: Path, part: Part) -> Answers:
        asked.append(part)
        return simulated(part, 150, len(asked))

    monkeypatch.setattr("boneage.evaluate.run.ask", ask)
    answers, _ = lab.ask(replace(REFERENCE, name="mine"), tmp_path, Part.CALIBRATE)
    assert asked == [Part.SELECT, Part.CALIBRATE]
    assert answers.part is Part.CALIBRATE


@pytest.mark.parametrize(("named", "word"), [("recipes/vgg-a-femal.toml", "no recipe"), ("vgg-a-female", "no system")])
def test_neither_a_system_nor_a_recipe_is_told(named: str, word: str, tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="needs the train extra")
    done = CliRunner().invoke(app, ["evaluate", named, "--data", str(tmp_path)])
    assert done.exit_code == 2
    assert word in done.output


def test_calibration_covers_new_films() -> None:
    calibration = calibrate(simulated(Part.SELECT, 300, 1), simulated(Part.CALIBRATE, 500, 2))
    rows = predictions(simulated(Part.TEST, 2000, 3), calibration)
    held = np.mean([row.low_months <= row.truth_months <= row.high_months for row in rows])
    assert abs(held - 0.9) < 0.035  # 500 and 2,000 films: about 2.5 standard errors
    assert [one.coverage for one in rows[0].further] == [0.8, 0.95]
    widths = [row.width_months for row in predictions(simulated(Part.CALIBRATE, 500, 2), calibration)]
    assert np.mean(np.array(widths) > calibration.wide_interval_months) == pytest.approx(0.05, abs=0.002)


def test_a_system_that_takes_no_sex_is_calibrated_without() -> None:
    select, calibration = (replace(simulated(part, 250, 1), takes_sex=False) for part in (Part.SELECT, Part.CALIBRATE))
    fitted = calibrate(select, calibration)
    assert {one.group.sex for one in fitted.conformal.fits} == {None}
    assert len(predictions(calibration, fitted)) == 250


def test_years_and_children_that_the_system_cannot_know_are_calibrated_too() -> None:
    """As Lee's system: year classes, and one film in eight of a child younger than all of them."""
    rng = np.random.default_rng(5)

    def answered(part: Part) -> Answers:
        truth = np.where(rng.random(300) < 0.12, rng.uniform(6, 60, 300), rng.uniform(66, 200, 300))
        shares = np.exp(-0.5 * ((np.array(YEAR_CENTERS) - np.maximum(truth, 66)[:, None] - rng.normal(0, 9, (300, 1))) / 9) ** 2)
        votes = [combine([Vote.at("a", YEAR_CENTERS, one / one.sum())]) for one in shares]
        films = tuple(Film(k, (Sex.FEMALE, Sex.MALE)[k % 2], round(age)) for k, age in enumerate(truth))
        return Answers(part, films, tuple(votes), (), "0" * 12, years=True)

    select, fit_on, new = answered(Part.SELECT), answered(Part.CALIBRATE), answered(Part.TEST)
    fitted = calibrate(select, fit_on)
    assert fitted.shape.smoothing_months > 0  # there are months between the years
    rows = predictions(new, fitted)
    assert np.mean([row.low_months <= row.truth_months <= row.high_months for row in rows]) == pytest.approx(0.9, abs=0.06)
    assert Calibration.from_dict(tomllib.loads(pytest.importorskip("tomli_w").dumps(fitted.to_dict()))) == fitted
    assert {row.year_class for row in rows} <= set(YEARS)
