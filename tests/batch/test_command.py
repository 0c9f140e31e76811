"""`boneage assess --table`: an archive to a table, whatever stops it."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from boneage.cli import app
from boneage.phantom import Phantom, write_dicom

FILMS = 40


@pytest.fixture
def archive(girl: Phantom, tmp_path: Path) -> Path:
    """Films under many names, and one file that is none."""
    folder = tmp_path / "archive"
    folder.mkdir()
    film = write_dicom(girl, tmp_path / "girl.dcm")
    for number in range(FILMS):
        os.link(film, folder / f"{number:03d}.dcm")
    (folder / "900.dcm").write_bytes(b"no film")
    return folder


def names(table: Path) -> list[str]:
    with table.open(newline="") as file:
        return [Path(row["file"]).name for row in csv.DictReader(file)]


def test_killed_at_some_moment_it_goes_on_without_a_hole_or_a_double_row(archive: Path, tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    command = [sys.executable, "-m", "boneage", "assess", str(archive), "--table", str(table), "--workers", "2"]
    first = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
    while not (table.is_file() and len(names(table)) >= 5):
        assert first.poll() is None, first.communicate()[0]
        time.sleep(0.05)
    os.killpg(first.pid, 9)
    first.communicate()
    before = table.read_bytes()
    assert len(names(table)) < FILMS
    again = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert again.returncode == 1  # the file that is no film
    assert table.read_bytes().startswith(before[: before.rfind(b"\n") + 1])
    assert names(table) == [*(f"{number:03d}.dcm" for number in range(FILMS)), "900.dcm"]
    assert "1 of" in again.stderr
    assert "before" in again.stderr
    assert subprocess.run(command, capture_output=True, check=False, timeout=300).returncode == 0  # nothing is left to read


def test_a_table_stands_alone(archive: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["assess", str(archive), "--table", str(tmp_path / "t.csv"), "--json"])
    assert result.exit_code == 2
    assert "a table alone" in result.output
