"""One server for each site: no second one starts, a killed one leaves no lock, one that lost its lock ends and says why."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import create_engine, text

from boneage.errors import BoneAgeError
from boneage.serve import alone as module
from boneage.serve.alone import DatabaseLock, Held, alone
from boneage.serve.settings import Settings

HOLDS = "pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(module, "GRACE_SECONDS", 0.3)
    monkeypatch.setattr(module, "AGAIN_SECONDS", 0.02)


def site(folder: Path, url: str) -> Settings:
    return Settings(folder=folder, database=SecretStr(url))


def end_holder(url: str) -> int:
    """As an administrator of the database would; how many."""
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        ended = connection.execute(text(f"SELECT pg_terminate_backend(pid) FROM (SELECT {HOLDS}) AS holders")).all()
    engine.dispose()
    return len(ended)


def test_a_second_server_does_not_start(tmp_path: Path, empty_url: str) -> None:
    with (
        alone(site(tmp_path / "one", empty_url)),
        pytest.raises(BoneAgeError, match="database that another server holds") as told,
        alone(site(tmp_path / "two", empty_url)),  # another folder, the same database
    ):
        pass
    assert str(tmp_path) not in str(told.value)
    with alone(site(tmp_path / "two", empty_url)):
        pass


def test_a_second_server_of_one_folder_does_not_start(tmp_path: Path) -> None:
    with (
        alone(Settings(folder=tmp_path)),
        pytest.raises(BoneAgeError, match="folder that another server holds"),
        alone(Settings(folder=tmp_path)),
    ):
        pass


def test_databases_and_schemas_are_locked_each_for_itself(tmp_path: Path, postgres: Any) -> None:
    url, other = postgres.new(), postgres.new()
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE SCHEMA ward")
    engine.dispose()
    in_schema = f"{url}&options=-csearch_path%3Dward"
    with (
        alone(site(tmp_path / "one", url)),
        alone(site(tmp_path / "two", other)),
        alone(site(tmp_path / "three", in_schema)),
        pytest.raises(BoneAgeError, match="another server"),
        alone(site(tmp_path / "four", in_schema)),
    ):
        pass


def test_a_database_that_does_not_answer_is_told(tmp_path: Path, postgres: Any) -> None:
    url = "postgresql://reader:hunter2@127.0.0.1:1/db"
    with pytest.raises(BoneAgeError, match="does not answer") as told, alone(site(tmp_path, url)):
        pass
    assert "hunter2" not in str(told.value)


def _hold(settings: Settings, say: Callable[[str], None]) -> None:
    with alone(settings):
        say("held")
        threading.Event().wait(60)


def test_a_killed_server_leaves_no_lock(tmp_path: Path, empty_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GRACE_SECONDS", 10.0)
    fork = multiprocessing.get_context("fork")
    said = fork.SimpleQueue()
    process = fork.Process(target=_hold, args=(site(tmp_path, empty_url), said.put))
    process.start()
    assert said.get() == "held"
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    with alone(site(tmp_path, empty_url)):
        pass


@pytest.fixture
def watched(tmp_path: Path, postgres: Any) -> Iterator[tuple[str, Held, threading.Event]]:
    """A server over a new database; the event: it was told to stop."""
    url, stopped = postgres.new(), threading.Event()
    with alone(site(tmp_path / "watched", url)) as held:
        yield url, held, stopped


def waited(condition: Callable[[], bool]) -> bool:
    pause = threading.Event()
    for _ in range(400):
        if condition():
            return True
        pause.wait(0.025)
    return False


def test_a_lost_lock_is_taken_again(watched: tuple[str, Held, threading.Event], tmp_path: Path) -> None:
    url, held, stopped = watched
    assert held.database is not None
    with held.watched(stopped.set):
        before = held.database._session
        assert end_holder(url) == 1
        assert waited(lambda: held.database is not None and held.database._session != before)
        with pytest.raises(BoneAgeError, match="another server"), alone(site(tmp_path / "second", url)):
            pass
    assert not stopped.is_set()


def test_who_lost_the_lock_to_another_server_ends_and_says_why(
    watched: tuple[str, Held, threading.Event], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, held, stopped = watched
    other = DatabaseLock(url)

    def lose() -> None:
        with held.watched(stopped.set):
            assert held.database is not None
            with monkeypatch.context() as meanwhile:  # nobody looks until the other one has it
                meanwhile.setattr(held.database, "is_held", lambda: True)
                held.database._drop()
                held.database._session = None
                other.take()
            assert waited(stopped.is_set)

    with pytest.raises(BoneAgeError, match="database that another server holds"):
        lose()
    other.close()
    assert "this one ends" in caplog.text


def test_a_break_that_the_database_has_not_seen_is_no_other_server(watched: tuple[str, Held, threading.Event]) -> None:
    _, held, stopped = watched
    database = held.database
    assert database is not None
    stale, session = database._connection, database._session  # it lives on over there
    database._connection = None
    with held.watched(stopped.set):
        assert waited(lambda: database._session != session)
    assert not stopped.is_set()
    assert stale is not None
    stale.invalidate()
    stale.close()


def test_a_database_that_restarts_is_waited_for(tmp_path: Path, restartable: Any, caplog: pytest.LogCaptureFixture) -> None:
    url, stopped = restartable.new(), threading.Event()
    with alone(site(tmp_path, url)) as held, held.watched(stopped.set):
        assert held.database is not None
        before = held.database._session
        restartable.stop()
        assert waited(lambda: "does not answer" in caplog.text)
        restartable.start()
        assert waited(lambda: held.database is not None and held.database._session not in (None, before))
    assert not stopped.is_set()
