"""`boneage stress` as a user meets it: what it needs, what it leaves, what it logs."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from boneage import dataset
from boneage.dataset import LABELS, Part
from boneage.errors import BoneAgeError
from boneage.evaluate.stress.answers import read_answers
from boneage.evaluate.stress.files import as_png
from boneage.phantom import Phantom
from boneage.standardize.size import standard_frame
from boneage.stress_command import stress
from boneage.systems import REFERENCE

app = typer.Typer()
app.command()(stress)
IDS = {part: next(number for number in range(10_000) if dataset.part_of(number) is part) for part in Part}
SOME = ("--only", "mirror", "--only", "inversion")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, girl: Phantom, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data set of two films, one of select and one of test; the working folder is its parent."""
    folder = tmp_path / "data"
    folder.mkdir()
    for part in (Part.SELECT, Part.TEST):
        (folder / f"{IDS[part]}.png").write_bytes(as_png(standard_frame(girl.pixels)[0]))
    (folder / LABELS).write_text(f"id,boneage,male\n{IDS[Part.SELECT]},100,False\n{IDS[Part.TEST]},100,False\n")
    monkeypatch.setenv("BONEAGE_DATA", str(folder))
    monkeypatch.setenv("BONEAGE_RUNS", str(tmp_path / "runs"))
    monkeypatch.chdir(tmp_path)
    return folder


def call(*words: object) -> str:
    done = CliRunner().invoke(app, [REFERENCE.name, *map(str, words)])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0
    return done.output


def test_a_part_of_the_grid_is_printed_and_kept_but_not_written(tmp_path: Path) -> None:
    text = call(*SOME)
    assert "1 films of select" in text
    assert "inversion" in text
    assert not list((tmp_path / "results").iterdir())
    (kept,) = tmp_path.glob(f"runs/stress/{REFERENCE.name}-*-select/answers.csv")
    assert {one.transform for one in read_answers(kept)} == {"clean", "left-right", "upside-down", "inversion"}
    before = kept.read_bytes()
    assert "goes on" in call(*SOME)
    assert kept.read_bytes() == before
    assert "goes on" not in call(*SOME, "--again")
    assert len(read_answers(kept)) == 4


def test_the_whole_grid_is_written_with_its_origin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from boneage.evaluate.stress import grid

    monkeypatch.setattr(grid, "ALL", grid.choose(("mirror", "turn")))
    call("--out", "tables")
    (table,) = (tmp_path / "tables").iterdir()
    assert table.name == f"stress-{REFERENCE.name}-select.csv"
    lines = table.read_text().splitlines()
    assert len(lines) == 1 + 5
    assert {"date", "weights", "split_hash"} <= set(lines[0].split(","))
    assert not (tmp_path / "results").exists()


def test_a_look_at_test_is_logged(tmp_path: Path) -> None:
    call(*SOME, "--split", "test")
    lines = (tmp_path / "results" / "test-looks.csv").read_text().splitlines()
    assert len(lines) == 2
    assert "boneage stress reference-2026-11 --data DIR --split test" in lines[1]


@pytest.mark.parametrize(
    ("words", "match"),
    [
        (("--split", "train"), "select or test"),
        (("--only", "jpeg-31"), "jpeg-31"),
    ],
)
def test_a_wrong_call_says_what_is_right(words: tuple[str, ...], match: str) -> None:
    with pytest.raises(BoneAgeError, match=match):
        call(*words)
