"""`boneage mine` as a user meets it: its commands, what they print, and the exit code."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from boneage.dataset import LABELS, Part, part_of
from boneage.errors import BoneAgeError
from boneage.mine_commands import COMMANDS, mine_app, parse_size
from boneage.train.mine.disk import write_mask
from boneage.train.mine.folder import MineFolder
from boneage.train.mine.settings import Settings, write_settings

app = typer.Typer()
app.add_typer(mine_app(lambda command: command), name="mine")
TRAINING = [film for film in range(1377, 1420) if part_of(film) is Part.TRAIN][:3]


@pytest.fixture
def begun(tmp_path: Path) -> MineFolder:
    """A folder whose first round is complete and empty."""
    folder = MineFolder(tmp_path / "mine")
    write_settings(folder.settings_file, Settings())
    folder.summarize(folder.round(0))
    return folder


@pytest.fixture
def masks(tmp_path: Path) -> Path:
    square = np.zeros((299, 299), bool)
    square[80:250, 90:220] = True
    for film in TRAINING:
        write_mask(tmp_path / "masks" / f"{film}.png", square)
    return tmp_path / "masks"


def call(*words: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["mine", *map(str, words)])
    return done.exit_code, done.output


def test_every_command_has_a_help_line() -> None:
    code, text = call("--help")
    assert code == 0
    for name, command in COMMANDS:
        assert name in text
        assert command.__doc__


def test_import_takes_a_folder_and_says_how_many(begun: MineFolder, masks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BONEAGE_DATA", str(data_of(masks.parent)))
    code, text = call("import", begun.path, masks)
    assert code == 0
    assert "3 masks taken in, 0 entries not" in text
    assert set(begun.corrected_masks()) == set(TRAINING)
    code, text = call("status", begun.path)
    assert code == 0
    assert "3 corrected masks" in text


def test_a_bad_entry_is_named_and_fails_the_command(begun: MineFolder, masks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BONEAGE_DATA", str(data_of(masks.parent)))
    held_out = next(film for film in range(1377, 1500) if part_of(film) is not Part.TRAIN)
    cv2.imwrite(str(masks / f"{held_out}.png"), cv2.imread(str(masks / f"{TRAINING[0]}.png")))
    (masks / "notes.json").write_text("{}")
    code, text = call("import", begun.path, masks)
    assert code == 1
    assert f"{held_out}.png" in text
    assert "held out" in text
    assert "notes.json" in text
    assert set(begun.corrected_masks()) == set(TRAINING), "the good ones are in"


@pytest.mark.parametrize("command", ["status", "worst", "import"])
def test_a_folder_that_was_not_begun(tmp_path: Path, masks: Path, command: str) -> None:
    done = CliRunner().invoke(app, ["mine", command, str(tmp_path / "none"), *([str(masks)] if command == "import" else [])])
    if command == "status":
        assert done.exit_code == 0
    else:
        assert isinstance(done.exception, BoneAgeError)
        assert "mine start" in done.exception.todo


def test_size_of_an_image() -> None:
    assert parse_size("1024x1280") == (1280, 1024)
    assert parse_size(None) is None
    for text in ("1024", "x", "0x5", "1024x-3", "axb", "1x2x3"):
        with pytest.raises(BoneAgeError):
            parse_size(text)


def data_of(folder: Path) -> Path:
    """A data folder whose table holds the films; no image is needed."""
    data = folder / "data"
    data.mkdir()
    (data / LABELS).write_text("id,boneage,male\n" + "".join(f"{film},100,True\n" for film in TRAINING))
    return data


def test_a_review_of_a_round_that_is_not_there_is_told(begun: MineFolder) -> None:
    pytest.importorskip("fastapi", reason="needs the train extra")
    done = CliRunner().invoke(app, ["mine", "review", str(begun.path), "--round", "4"])
    assert isinstance(done.exception, BoneAgeError)
    assert "round 4" in str(done.exception)
