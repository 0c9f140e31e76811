"""The pictures are drawn, the same each time, and without touching matplotlib's or NumPy's global state."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import pytest

import boneage
from boneage.errors import BoneAgeError
from boneage.evaluate import plots
from boneage.evaluate.predictions import Prediction

matplotlib = pytest.importorskip("matplotlib", reason="needs the train extra")
pytest.importorskip("scipy", reason="needs the train extra")

LOG = "epoch,train_loss,select_mae\n1,4.0,20.5\n2,3.0,\n3,2.5,9.25\n4,2.4,9.5\n"
PANELS = {"loss": ["train_loss"], "MAE, months": ["select_mae"]}

DRAW: dict[str, Callable[[Path, list[Prediction]], None]] = {
    "scatter": lambda path, rows: plots.plot_scatter(path, rows),
    "bland-altman": lambda path, rows: plots.plot_bland_altman(path, rows),
    "coverage": lambda path, rows: plots.plot_coverage(path, rows),
    "risk": lambda path, rows: plots.plot_risk(path, rows),
}


def learning_curve(folder: Path, name: str, text: str = LOG) -> Path:
    log, path = folder / "log.csv", folder / name
    log.write_text(text)
    plots.plot_learning_curve(path, log, columns=PANELS)
    return path


@pytest.mark.parametrize("name", DRAW)
def test_a_picture_is_drawn_and_global_state_stays(
    name: str, tmp_path: Path, rows: list[Prediction], global_state: Callable[[], bytes]
) -> None:
    settings, state = dict(matplotlib.rcParams), global_state()
    path = tmp_path / "deep" / f"{name}.png"
    DRAW[name](path, rows)
    image = cv2.imread(str(path))
    assert image is not None
    assert min(image.shape[:2]) > 500
    assert image.std() > 5
    assert dict(matplotlib.rcParams) == settings
    assert global_state() == state


@pytest.mark.parametrize("name", DRAW)
def test_other_films_give_another_picture_and_the_same_the_same(name: str, tmp_path: Path, rows: list[Prediction]) -> None:
    for film, films in (("one", rows), ("same", rows), ("other", rows[:40])):
        DRAW[name](tmp_path / f"{film}.svg", films)
    one, same, other = ((tmp_path / f"{film}.svg").read_bytes() for film in ("one", "same", "other"))
    assert one == same
    assert one != other


@pytest.mark.parametrize("name", DRAW)
def test_a_single_film_is_drawn(name: str, tmp_path: Path, rows: list[Prediction]) -> None:
    DRAW[name](tmp_path / "one.png", rows[:1])
    assert (tmp_path / "one.png").stat().st_size > 0


def test_a_learning_curve_names_its_columns_and_its_best(tmp_path: Path) -> None:
    with matplotlib.rc_context({"svg.fonttype": "none"}):  # text stays text
        text = learning_curve(tmp_path, "curve.svg").read_text()
    for word in ("train_loss", "select_mae", "MAE, months", "epoch", "9.25", "2.4"):
        assert f">{word}<" in text


@pytest.mark.parametrize("line", ["5,,\n", "5\n", ",,,,\n"])
def test_lines_without_numbers_are_left_out(line: str, tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    assert learning_curve(tmp_path, "a.svg", LOG + line).read_bytes() == learning_curve(tmp_path / "whole", "a.svg").read_bytes()


@pytest.mark.parametrize("text", ["", "epoch,train_loss\n1,2\n", LOG + "5,x,1\n"])
def test_a_log_that_cannot_be_drawn_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(BoneAgeError, match="a training log"):
        learning_curve(tmp_path, "curve.png", text)


def test_an_absent_log_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BoneAgeError, match="no file"):
        plots.plot_learning_curve(tmp_path / "curve.png", tmp_path / "absent.csv", columns=PANELS)


def test_importing_the_evaluation_loads_neither_matplotlib_nor_scipy() -> None:
    code = (
        "import sys, boneage.evaluate.plots, boneage.evaluate.tables, boneage.evaluate.compare, boneage.evaluate.looks\n"
        "sys.exit(bool({'matplotlib', 'scipy', 'torch', 'pandas'} & set(sys.modules)))"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(boneage.__file__).parents[1])}
    assert subprocess.run([sys.executable, "-c", code], check=False, env=environment).returncode == 0
