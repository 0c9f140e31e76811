"""A database by its URL: SQLite in WAL for one machine, PostgreSQL for larger sites; migrated to this version when opened."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from boneage.errors import BoneAgeError, Kind
from boneage.serve.disk import PRIVATE_FILE, make_folder

MIGRATIONS = Path(__file__).parent / "migrations"
DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg"}
BUSY_MS = 30_000
CONNECT_SECONDS = 10
MOST_MORE = 25  # connections beside the first five, for associations and requests that come at once
_LOOKS = "boneage_looks"  # a transaction that changes nothing
_MIGRATING = 7204  # any number: of the lock that servers which start at once take in turn


def open_engine(url: str) -> Engine:
    """Connected and migrated. Raises BoneAgeError where that cannot be; a password in the URL is not repeated."""
    parsed = _understood(url)
    try:
        engine = _engine(parsed)
        try:
            migrate(engine)
        except BaseException:
            engine.dispose()
            raise
    except (SQLAlchemyError, OSError) as error:
        came = f"the database {parsed.render_as_string(hide_password=True)} ({type(error).__name__})"
        raise _unusable(came, "a database that can be opened and written") from error
    return engine


def lock_engine(url: str) -> Engine:
    """To a PostgreSQL, for one connection that is kept and that sees within a minute when the network is gone."""
    waits = {"connect_timeout": CONNECT_SECONDS, "keepalives_idle": 20, "keepalives_interval": 10, "keepalives_count": 3}
    waits["tcp_user_timeout"] = 30_000  # ms
    parsed = _understood(url).update_query_dict({"application_name": "boneage server"})
    return create_engine(parsed, poolclass=NullPool, isolation_level="AUTOCOMMIT", hide_parameters=True, connect_args=waits)


@contextmanager
def reads(engine: Engine) -> Iterator[Connection]:
    """A transaction that only looks: on SQLite it waits for no writer, and no writer waits for it."""
    with engine.connect() as connection, connection.execution_options(**{_LOOKS: True}).begin():
        yield connection


def migrate(engine: Engine, revision: str = "head") -> None:
    """Brings the tables to that revision, in one transaction. Raises BoneAgeError for tables of a newer version."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    known = {one.revision for one in ScriptDirectory.from_config(config).walk_revisions()}
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATING})")
        if not known.issuperset(MigrationContext.configure(connection).get_current_heads()):
            raise _newer()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def _understood(url: str) -> URL:
    """With the driver that is used. Raises BoneAgeError."""
    try:
        parsed = make_url(url)
        return parsed.set(drivername=DRIVERS[parsed.get_backend_name()])
    except (ArgumentError, KeyError, ValueError):  # never the cause: it quotes the URL
        raise _unusable("a database URL that is not understood", _URLS) from None


def _engine(url: URL) -> Engine:
    """No statement's values stand in its errors: patients are among them."""
    if url.drivername != "sqlite":
        waits = {"connect_timeout": CONNECT_SECONDS}
        return create_engine(url, pool_pre_ping=True, hide_parameters=True, max_overflow=MOST_MORE, connect_args=waits)
    if not url.database or url.database == ":memory:":
        raise _unusable("a database in memory, which ends with the process", _URLS)
    _make_file(Path(url.database))
    engine = create_engine(url, hide_parameters=True, max_overflow=MOST_MORE)
    _set_up_sqlite(engine)
    return engine


def _make_file(path: Path) -> None:
    """A new database for this user alone; SQLite gives the files beside it the same mode."""
    make_folder(path.parent)
    try:  # only a new one is ever opened here: to close a file that SQLite has open would take its locks away
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, PRIVATE_FILE))
    except FileExistsError:
        return


def _set_up_sqlite(engine: Engine) -> None:
    """Durable at every commit; what changes something takes the write lock at its start, so that none fails half way."""

    @event.listens_for(engine, "connect")
    def connect(connection: Any, record: Any) -> None:
        connection.isolation_level = None  # the driver begins nothing by itself
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={BUSY_MS}")
        _write_ahead(cursor)
        for pragma in ("synchronous=FULL", "foreign_keys=ON", "recursive_triggers=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        looks = connection.get_execution_options().get(_LOOKS)
        connection.exec_driver_sql("BEGIN" if looks else "BEGIN IMMEDIATE")


def _write_ahead(cursor: sqlite3.Cursor) -> None:
    """For the change to WAL SQLite itself does not wait while another process is at it."""
    until = time.monotonic() + BUSY_MS / 1000
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)
        else:
            return


_URLS = "sqlite:///FILE or postgresql://USER@HOST/NAME"


def _newer() -> BoneAgeError:
    return BoneAgeError(
        Kind.BAD_OPTION,
        came="a database that a newer version of this software has changed",
        expected="one of this version, or of an earlier one",
        todo="Install the newer version again, or restore the backup made before it.",
    )


def _unusable(came: str, expected: str) -> BoneAgeError:
    return BoneAgeError(
        Kind.BAD_OPTION, came=came, expected=expected, todo="Correct the setting `database`, or start the server."
    )
