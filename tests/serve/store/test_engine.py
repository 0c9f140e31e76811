"""A database is opened once and for all: made by its migrations alone, private, never of a newer version, quiet about values."""

from __future__ import annotations

import multiprocessing
import stat
import threading
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, insert, inspect, select
from sqlalchemy.exc import IntegrityError

from boneage.errors import BoneAgeError
from boneage.serve.store import schema
from boneage.serve.store.engine import MIGRATIONS, open_engine, reads
from boneage.serve.store.records import Arrival
from boneage.serve.store.worklist import Worklist


def test_migrations_make_exactly_the_tables_of_the_schema(empty_url: str) -> None:
    engine = open_engine(empty_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, schema.metadata) == []
        assert set(inspect(connection).get_table_names()) == {*schema.metadata.tables, "alembic_version"}
    engine.dispose()


def test_no_way_back_is_offered() -> None:
    names = [path.stem for path in (MIGRATIONS / "versions").glob("[0-9]*.py")]
    assert names
    assert not any(hasattr(import_module(f"boneage.serve.store.migrations.versions.{name}"), "downgrade") for name in names)


def test_to_open_twice_changes_nothing(url: str, arrival: Callable[..., Arrival]) -> None:
    first = open_engine(url)
    film = Worklist(first).receive(arrival()).film_id
    second = open_engine(url)
    assert Worklist(second).film(film) == Worklist(first).film(film) is not None
    first.dispose()
    second.dispose()


def _open(url: str, ready: Callable[[], object], told: Callable[[object], None]) -> None:
    ready()
    try:
        open_engine(url).dispose()
    except BaseException as error:
        told(repr(error))
        raise
    told(None)


def test_processes_that_open_an_empty_database_at_once(empty_url: str) -> None:
    fork = multiprocessing.get_context("fork")
    barrier, told = fork.Barrier(6), fork.SimpleQueue()
    some = [fork.Process(target=_open, args=(empty_url, barrier.wait, told.put)) for _ in range(6)]
    for one in some:
        one.start()
    assert [told.get() for _ in some] == [None] * 6
    for one in some:
        one.join()


def test_a_newer_database_is_told_as_such(url: str) -> None:
    engine = open_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    engine.dispose()
    with pytest.raises(BoneAgeError, match="newer version"):
        open_engine(url)


@pytest.mark.parametrize(
    "wrong", ["", "nonsense", "mysql://reader:hunter2@host/db", "sqlite://", "sqlite:///:memory:", "http://["]
)
def test_a_url_that_cannot_be_is_told_without_its_password(wrong: str) -> None:
    with pytest.raises(BoneAgeError) as caught:
        open_engine(wrong)
    assert "hunter2" not in str(caught.value)


def test_an_absent_server_is_told_without_the_password() -> None:
    with pytest.raises(BoneAgeError, match="OperationalError") as caught:
        open_engine("postgresql://reader:hunter2@127.0.0.1:1/db")
    assert "hunter2" not in str(caught.value)


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "some.sqlite").write_text("not a database, but long enough to be looked at" * 100)
    with pytest.raises(BoneAgeError, match="DatabaseError"):
        open_engine(f"sqlite:///{tmp_path}/some.sqlite")


def test_files_of_sqlite_are_for_this_user_alone(tmp_path: Path, arrival: Callable[..., Arrival]) -> None:
    folder = tmp_path / "100% new" / "site"
    engine = open_engine(f"sqlite:///{folder}/boneage.sqlite")
    Worklist(engine).receive(arrival())
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert len(list(folder.iterdir())) == 3  # with -wal and -shm
    assert stat.S_IMODE(folder.stat().st_mode) == stat.S_IMODE(folder.parent.stat().st_mode) == 0o700
    engine.dispose()


def test_sqlite_is_durable_at_every_commit(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/a.sqlite")
    with engine.connect() as connection:
        found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")}
        assert found == {"journal_mode": "wal", "synchronous": 2}
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    engine.dispose()


def test_errors_do_not_tell_values(engine: Engine, arrival: Callable[..., Arrival], worklist: Worklist) -> None:
    worklist.receive(arrival(file="f" * 32))
    with pytest.raises(IntegrityError) as caught:
        worklist.receive(arrival(file="f" * 32, patient_name="SECRET^NAME", patient_id="SECRET-ID"))
    assert "SECRET" not in str(caught.value)


def test_who_looks_waits_for_no_writer(engine: Engine) -> None:
    looked = threading.Event()

    def look() -> None:
        with reads(engine) as connection:
            connection.execute(select(schema.films)).all()
        looked.set()

    with engine.begin() as connection:
        connection.execute(insert(schema.forgotten), [{"file": "a"}])
        thread = threading.Thread(target=look)
        thread.start()
        assert looked.wait(10)  # a writer waits 30 s for the lock
    thread.join()


def test_who_looks_sees_one_moment_on_sqlite(tmp_path: Path, arrival: Callable[..., Arrival]) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/a.sqlite")
    worklist = Worklist(engine)
    with reads(engine) as connection:
        assert connection.execute(select(schema.films)).all() == []
        worklist.receive(arrival())
        assert connection.execute(select(schema.films)).all() == []
    assert len(worklist.files()) == 1
    engine.dispose()


def test_writers_of_many_threads_wait_for_each_other(url: str, arrival: Callable[..., Arrival]) -> None:
    engine = open_engine(url)
    worklist, wrong = Worklist(engine), []

    def write(arrivals: list[Arrival]) -> None:
        try:
            for one in arrivals:
                worklist.receive(one)
        except Exception as error:  # noqa: BLE001
            wrong.append(error)

    threads = [threading.Thread(target=write, args=([arrival() for _ in range(5)],)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(worklist.files()) == 100
    engine.dispose()
