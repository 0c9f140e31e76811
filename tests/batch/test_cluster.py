"""A cluster gives the rows that one machine gives, and goes on when a machine of it is gone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from boneage.batch.ask import Ask
from boneage.phantom import Phantom, write_dicom
from boneage.systems import REFERENCE

SCRIPT = Path(__file__).parent / "several_nodes.py"
PER_FILM = 12


def test_a_node_that_is_killed_during_the_run_costs_no_row(girl: Phantom, boy: Phantom, tmp_path: Path) -> None:
    if find_spec("ray") is None:
        pytest.skip("no Ray: pip install 'boneage[batch]'")
    films = [write_dicom(girl, tmp_path / "girl.dcm"), write_dicom(boy, tmp_path / "boy.dcm"), tmp_path / "absent.dcm"]
    names = [str(film.parent / f"{number}-{film.name}") for number in range(PER_FILM) for film in films]
    for name in names:
        if (film := tmp_path / name.rpartition("-")[2]).exists():
            os.link(film, name)
    out = tmp_path / "rows.jsonl"
    done = subprocess.run([sys.executable, SCRIPT, out, *names], capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr[-2000:]
    *rows, last = map(json.loads, out.read_text().splitlines())
    expected = {film.name: Ask(REFERENCE.name, None).row(str(film)) for film in films}
    assert [row["file"] for row in rows] == names
    for row in rows:
        alone = expected[row["file"].rpartition("-")[2]]
        told = {key: value for key, value in row.items() if key not in ("file", "error_message")}
        assert told == {key: alone[key] for key in told}
    assert last == {"nodes": 2}
