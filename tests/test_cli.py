"""The command line: what it prints, where, and with which exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from boneage.phantom import Phantom, write_dicom, write_png

FIELDS = {
    "file",
    "sha256",
    "sex",
    "sex_source",
    "bone_age_months",
    "bone_age",
    "interval_months",
    "interval_coverage",
    "intervals",
    "flags",
    "system",
    "weights",
    "seconds",
    "error",
}


def run(*args: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from boneage.cli import main; main()", *map(str, args)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd, timeout=300)
    assert "Traceback" not in done.stderr, done.stderr
    return done


def records(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def films(girl: Phantom, boy: Phantom, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two films in a folder with a folder, one of them without a sex."""
    folder = tmp_path_factory.mktemp("films")
    (folder / "more").mkdir()
    write_dicom(girl, folder / "girl.dcm")
    write_png(boy, folder / "more" / "boy.png")
    return folder


def test_json_is_one_object_a_line_and_nothing_else(films: Path) -> None:
    done = run("assess", films, "--sex", "female", "--json")
    assert done.returncode == 0, done.stderr
    girl, boy = records(done)
    assert set(girl) >= FIELDS
    assert girl["file"] == str(films / "girl.dcm")
    assert girl["error"] is None
    low, high = girl["interval_months"]
    assert low < girl["bone_age_months"] < high
    assert girl["interval_coverage"] == 0.9
    eighty, ninety, most = girl["intervals"]
    assert (eighty["coverage"], ninety["months"], most["coverage"]) == (0.8, [low, high], 0.95)
    assert most["months"][0] <= low <= eighty["months"][0] < eighty["months"][1] <= high <= most["months"][1]
    assert girl["sex_source"] == "option"
    assert len(girl["sha256"]) == 64
    assert boy["sha256"] != girl["sha256"]


def test_a_file_that_cannot_be_read_has_its_line_and_the_exit_code_tells(films: Path) -> None:
    done = run("assess", films, films / "absent.dcm", "--json")
    assert done.returncode == 1
    girl, boy, absent = records(done)
    assert girl["bone_age_months"] is not None
    assert boy["error"]["kind"] == "sex-unknown"
    assert boy["bone_age_months"] is None
    assert absent["error"]["kind"] == "not-found"
    assert set(absent) >= FIELDS


def test_the_table_is_readable_and_the_error_stands_in_it(films: Path) -> None:
    done = run("assess", films / "girl.dcm", films / "absent.dcm")
    assert done.returncode == 1
    assert "years" in done.stdout
    assert "not read" in done.stdout
    assert "1 of 2 not read" in done.stderr


def test_films_that_ask_for_a_second_look_are_told_at_the_end(films: Path) -> None:
    done = run("assess", films / "girl.dcm", "--sex", "male", "--json")  # its header says female
    assert len(records(done)) == 1
    assert "second look" in done.stderr
    assert "girl.dcm: The sex that was given differs" in " ".join(done.stderr.split())


def test_out_leaves_lines_and_a_page(films: Path, tmp_path: Path) -> None:
    done = run("assess", films / "girl.dcm", films / "absent.dcm", "--out", tmp_path / "out")
    assert done.returncode == 1
    lines = (tmp_path / "out" / "assessments.jsonl").read_text().splitlines()
    assert [json.loads(line)["error"] is None for line in lines] == [True, False]
    assert "Research use" in (tmp_path / "out" / "index.html").read_text()


def test_both_sexes_side_by_side(films: Path) -> None:
    (record,) = records(run("assess", films / "more" / "boy.png", "--sex", "both", "--json"))
    assert record["sex"] == "both"
    assert record["bone_age_months"] is None
    assert [estimate["sex"] for estimate in record["estimates"]] == ["female", "male"]


def test_a_relative_name_stands_as_given(films: Path) -> None:
    (record,) = records(run("assess", "./girl.dcm", "--json", cwd=films))
    assert record["file"] in {"./girl.dcm", "girl.dcm"}


@pytest.mark.parametrize(
    ("args", "word"),
    [(("--sex", "boy"), "female, male or both"), (("--system", "none"), "reference-")],
)
def test_a_wrong_call_is_told_with_exit_code_2(films: Path, args: tuple[str, ...], word: str) -> None:
    done = run("assess", films, *args)
    assert done.returncode == 2
    assert word in done.stderr
    assert done.stdout == ""


def test_a_pipe_and_a_folder_named_like_a_film(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "empty.dcm").mkdir()
    done = run("assess", tmp_path / "pipe.png", tmp_path / "empty.dcm", "--json")
    assert done.returncode == 1
    assert [record["error"]["kind"] for record in records(done)] == ["not-a-file", "not-found"]


def test_no_identity_leaves_the_program(films: Path, tmp_path: Path) -> None:
    import pydicom

    ds = pydicom.dcmread(films / "girl.dcm")
    ds.PatientName, ds.PatientID, ds.AccessionNumber = "Secret^Name", "SECRET-ID", "SECRET-ACC"
    ds.save_as(tmp_path / "film.dcm")
    done = run("assess", tmp_path / "film.dcm", "--out", tmp_path / "out", "--json")
    written = "".join(path.read_text() for path in (tmp_path / "out").glob("*.*") if path.is_file())
    assert "secret" not in (done.stdout + done.stderr + written).lower()


def test_version_and_systems() -> None:
    assert "reference-" in run("systems").stdout
    assert "0.1.0" in run("version").stdout


def test_demo_reads_synthetic_hands(tmp_path: Path) -> None:
    done = run("demo", "--out", tmp_path / "demo")
    assert done.returncode == 0, done.stderr
    assert "synthetic" in (tmp_path / "demo" / "index.html").read_text().lower()
    assert len((tmp_path / "demo" / "assessments.jsonl").read_text().splitlines()) >= 6


def test_demo_reads_the_user_s_own_film(films: Path, tmp_path: Path) -> None:
    done = run("demo", films / "more" / "boy.png", "--sex", "male", "--out", tmp_path / "demo")
    assert done.returncode == 0, done.stderr
    assert "boy.png" in (tmp_path / "demo" / "index.html").read_text()


def test_json_to_a_file_while_somebody_looks_at_the_progress(films: Path, tmp_path: Path) -> None:
    """On a terminal the bar is drawn; the answers must still reach the file, whole."""
    import pty

    master, terminal = pty.openpty()
    command = [sys.executable, "-m", "boneage", "assess", str(films / "girl.dcm"), "--json"]
    with (tmp_path / "answers.jsonl").open("wb") as out:
        done = subprocess.run(command, stdout=out, stderr=terminal, stdin=terminal, check=False, timeout=300)
    os.close(master)
    os.close(terminal)
    assert done.returncode == 0
    (line,) = (tmp_path / "answers.jsonl").read_text().splitlines()
    assert json.loads(line)["error"] is None


def test_an_empty_name_is_not_the_working_folder(films: Path) -> None:
    done = run("assess", "", "--json", cwd=films)
    assert done.returncode == 1
    assert [record["error"]["kind"] for record in records(done)] == ["not-found"]


def test_out_never_overwrites_what_is_not_ours(films: Path, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("mine")
    done = run("assess", films / "girl.dcm", "--out", tmp_path)
    assert done.returncode == 2
    assert "holds other files" in done.stderr
    assert (tmp_path / "index.html").read_text() == "mine"


def test_answers_inside_the_read_folder_are_not_read_as_films(girl: Phantom, tmp_path: Path) -> None:
    write_dicom(girl, tmp_path / "girl.dcm")
    for _ in range(2):
        done = run("assess", tmp_path, "--out", tmp_path / "out", "--json")
        assert done.returncode == 0
        assert len(records(done)) == 1


def test_control_characters_of_a_name_are_shown_not_sent(tmp_path: Path) -> None:
    (tmp_path / "\x1b[31mred.dcm").write_text("no film")
    done = run("assess", tmp_path)
    assert "\x1b" not in done.stdout + done.stderr
    assert "x1b" in done.stderr


def test_a_full_disk_is_told(films: Path) -> None:
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "boneage", "assess", str(films / "girl.dcm"), "--json"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=300)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_stopping_keeps_what_was_read(films: Path, tmp_path: Path) -> None:
    import signal
    import time

    many = [str(films / "girl.dcm")] * 400
    command = [sys.executable, "-m", "boneage", "assess", *many, "--out", str(tmp_path / "out")]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # tests started in the background ignore it
    )
    lines = tmp_path / "out" / "assessments.jsonl"
    while not (lines.is_file() and len(lines.read_text().splitlines()) >= 2):
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "stopped after" in err
    assert "years" in out
    assert (tmp_path / "out" / "index.html").is_file()


def test_explain_steps_leaves_a_picture_a_stage_for_every_film_that_was_read(films: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"not a film")
    out = tmp_path / "steps"
    done = run("assess", films / "girl.dcm", tmp_path / "broken.png", films / "more", "--sex", "male", "--explain-steps", out)
    assert done.returncode == 1
    by_film = {folder.name: sorted(path.name for path in folder.iterdir()) for folder in out.iterdir() if folder.is_dir()}
    assert sorted(by_film) == ["0001", "0003"]
    assert by_film["0001"] == by_film["0003"]
    assert by_film["0001"][0] == "01-read.png"
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "letter.txt").write_text("dear")
    assert run("assess", films / "girl.dcm", "--explain-steps", mine).returncode == 2
