"""Workers apart from their server: they read for one of their own version and settings, and touch nothing before it is there."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from boneage.errors import BoneAgeError
from boneage.phantom import Phantom, write_dicom
from boneage.serve import apart
from boneage.serve.alone import alone
from boneage.serve.apart import FILE, Only, announce, is_announced
from boneage.serve.run import serve, work
from boneage.serve.settings import CStore, Reads, Send, Settings
from boneage.serve.site import open_site
from boneage.serve.states import Origin, State

ARCHIVE = CStore(kind="c-store", name="pacs", ae_title="PACS", host="pacs.example", port=104)


def waited(condition: Callable[[], bool]) -> bool:
    for _ in range(1200):
        if condition():
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("only", Only)
def test_parts_share_a_database_that_machines_can_share(tmp_path: Path, only: Only) -> None:
    with pytest.raises(BoneAgeError, match="SQLite"):
        serve(Settings(folder=tmp_path / "site"), only=only)
    assert not (tmp_path / "site").exists()


def test_workers_know_the_folder_of_their_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(folder=tmp_path / "site")
    assert not is_announced(settings)
    assert not settings.folder.exists()  # a mount that is absent does not become a folder
    settings.folder.mkdir()
    assert not is_announced(settings)
    announce(settings)
    assert is_announced(settings)
    monkeypatch.setattr(apart, "__version__", "0.0.0")
    assert not is_announced(settings)


@pytest.mark.parametrize(
    "other",
    [
        {"send": Send.ON_READ},
        {"destinations": (ARCHIVE,)},
        {"reads": Reads(maps=False)},
        {"reads": Reads(system="iglovikov-2018")},
    ],
)
def test_settings_that_change_an_answer_or_where_it_goes_are_alike(tmp_path: Path, other: dict[str, Any]) -> None:
    settings = Settings(folder=tmp_path)
    announce(settings)
    assert not is_announced(settings.model_copy(update=other))
    assert is_announced(settings.model_copy(update={"reads": Reads(workers=8)}))  # each machine its own


def test_nothing_secret_is_announced(tmp_path: Path) -> None:
    announce(Settings(folder=tmp_path, database=SecretStr("postgresql://reader:hunter2@db/boneage"), destinations=(ARCHIVE,)))
    told = (tmp_path / FILE).read_text()
    assert set(json.loads(told)) == {"version", "system", "maps", "send", "destinations"}
    assert "hunter2" not in told
    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0


def test_the_server_takes_the_lock_and_workers_do_not(tmp_path: Path, postgres: Any) -> None:
    settings = Settings(folder=tmp_path, database=SecretStr(postgres.new()))
    with alone(settings), pytest.raises(BoneAgeError, match="another server holds"):
        serve(settings, only=Only.SERVER)


def test_a_worker_reads_beside_a_server_once_it_is_there(tmp_path: Path, postgres: Any, girl: Phantom) -> None:
    settings = Settings(folder=tmp_path / "site", database=SecretStr(postgres.new()), reads=Reads(maps=False))
    data = write_dicom(girl, tmp_path / "film.dcm", chronological_age_months=110).read_bytes()
    stop: Any = threading.Event()
    thread = threading.Thread(target=work, args=(settings, stop), kwargs={"apart": True})
    thread.start()
    try:
        time.sleep(0.2)
        assert not settings.folder.exists()
        with alone(settings):
            site = open_site(settings)
            film_id = site.intake.take(data, origin=Origin.UPLOAD, sender="reader").film_id

            def state() -> State:
                film = site.worklist.film(film_id)
                assert film is not None
                return film.state

            time.sleep(1.0)
            assert state() is State.WAITING  # the server has not said that it is in order
            announce(settings)
            assert waited(lambda: state() is State.READ)
            site.engine.dispose()
    finally:
        stop.set()
        thread.join()


def test_workers_alone_end_when_they_are_told_to(tmp_path: Path, postgres: Any) -> None:
    (tmp_path / "site.toml").write_text(f"folder = 'site'\ndatabase = '{postgres.new()}'\n")
    command = [sys.executable, "-c", "from boneage.cli import main; main()", "serve", "--only", "workers"]
    with subprocess.Popen(
        [*command, "--settings", str(tmp_path / "site.toml")], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert "without a server" in process.stdout.readline()
        assert "no film is read" in process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        assert "Traceback" not in process.stderr.read()
    assert not (tmp_path / "site").exists()


@pytest.mark.parametrize("words", [("--only", "web"), ("--only", "server", "--demo"), ("--only", "workers")])
def test_a_part_that_cannot_run_alone_is_told(tmp_path: Path, words: tuple[str, ...]) -> None:
    from typer.testing import CliRunner

    from boneage.cli import app

    (tmp_path / "site.toml").write_text("folder = 'site'\n")
    done = CliRunner().invoke(app, ["serve", "--settings", str(tmp_path / "site.toml"), *words])
    assert done.exit_code != 0
    assert "Traceback" not in done.output
    assert "server or workers" in done.output or "PostgreSQL" in done.output
