"""One server for each site: a lock on its folder, and one on its database that ends with the server's own connection.

Two servers over one database would take each other's films for those of an earlier run, and send each report twice.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from boneage.errors import BoneAgeError, Kind
from boneage.serve.disk import PRIVATE_FILE, make_folder
from boneage.serve.settings import SQLITE, Settings
from boneage.serve.store.engine import lock_engine

LOGGER = logging.getLogger("boneage.serve")
LOOK_SECONDS = 2.0  # that often whether the lock is still ours
GRACE_SECONDS = 5.0  # the database may see a moment late that the server before was killed
AGAIN_SECONDS = 0.2
# on the database's side too, so that the lock of a machine that died is free within a minute
_KEEPALIVE = ("tcp_keepalives_idle = 20", "tcp_keepalives_interval = 10", "tcp_keepalives_count = 3")
_KEY = "boneage/only-server"  # part of the lock's key: never renamed


class Held:
    """The site's locks. Those of files end with the process; that of PostgreSQL may be lost, so it is looked after."""

    def __init__(self, database: DatabaseLock | None) -> None:
        self.database = database
        self.lost: BoneAgeError | None = None

    @contextmanager
    def watched(self, stop: Callable[[], None]) -> Iterator[None]:
        """`stop` is called once the lock is another server's. Raises BoneAgeError at the end, if that was why it ended."""
        over = threading.Event()
        thread = threading.Thread(target=self._watch, args=(over, stop), name="only-server", daemon=True)
        if self.database is not None:
            thread.start()
        try:
            yield
        finally:
            over.set()
            if thread.is_alive():
                thread.join()
        if self.lost is not None:
            raise self.lost

    def _watch(self, over: threading.Event, stop: Callable[[], None]) -> None:
        assert self.database is not None
        while not over.wait(LOOK_SECONDS):
            try:
                if self.database.is_held():
                    continue
                LOGGER.warning("the connection that holds the site's database was lost and is made again")
                self.database.take(over)
                LOGGER.warning("the site's database is held again")
            except SQLAlchemyError as error:  # it is away: nobody else can have it either
                LOGGER.warning("the site's database does not answer: %s", type(error).__name__)
            except BoneAgeError as error:
                if over.is_set():  # it ends anyway
                    return
                LOGGER.error("another server holds the site's database by now: this one ends")
                self.lost = error
                stop()
                return


class DatabaseLock:
    """A session advisory lock of PostgreSQL, on a connection that does nothing else."""

    def __init__(self, url: str) -> None:
        self._engine: Engine = lock_engine(url)
        self._connection: Connection | None = None
        self._session: tuple[int, str] | None = None  # of our last connection there: process and start

    def take(self, over: threading.Event | None = None) -> None:
        """Raises BoneAgeError where another server has it, SQLAlchemyError where the database does not answer."""
        self._drop()
        connection = self._connection = self._engine.connect()
        for setting in _KEEPALIVE:
            connection.exec_driver_sql(f"SET {setting}")
        self._end_our_last(connection)
        key = _key(*connection.execute(text("SELECT current_database(), current_schema()")).one())
        until = time.monotonic() + GRACE_SECONDS
        while not connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": key}):
            if time.monotonic() > until or (over is not None and over.is_set()):
                self._drop()
                raise _taken("database", "Stop the other one, or give another `database` in the settings.")
            time.sleep(AGAIN_SECONDS)
        asked = "SELECT pid, backend_start::text FROM pg_stat_activity WHERE pid = pg_backend_pid()"
        pid, start = connection.execute(text(asked)).one()
        self._session = (int(pid), str(start))

    def is_held(self) -> bool:
        """Whether the connection lives, and with it the lock."""
        if self._connection is None:
            return False
        try:
            return bool(self._connection.scalar(text("SELECT 1")))
        except SQLAlchemyError:
            return False

    def close(self) -> None:
        """The lock is free."""
        self._drop()
        self._engine.dispose()

    def _end_our_last(self, connection: Connection) -> None:
        """After a break of the network the database may still think that our last connection lives, and holds the lock."""
        if self._session is not None:
            mine = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = :pid AND backend_start::text = :start"
            connection.execute(text(mine), dict(zip(("pid", "start"), self._session, strict=True)))

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.invalidate()  # never back to a pool: the lock lives as long as the session
                connection.close()
            except SQLAlchemyError:
                pass


@contextmanager
def alone(settings: Settings) -> Iterator[Held]:
    """Holds the site's folder and its database. Raises BoneAgeError where another server does."""
    url = settings.database_url
    with ExitStack() as held:
        make_folder(settings.folder)
        held.enter_context(
            _file(settings.folder / "lock", "folder", "Stop the other one, or give another folder in the settings.")
        )
        if url.startswith(SQLITE):
            database = Path(url.removeprefix(SQLITE).split("?")[0]).resolve()  # two folders may name one file
            make_folder(database.parent)
            beside = database.with_name(f"{database.name}-server")
            held.enter_context(_file(beside, "database", "Stop the other one, or give another `database` in the settings."))
            yield Held(None)
            return
        lock = DatabaseLock(url)
        held.callback(lock.close)
        try:
            lock.take()
        except SQLAlchemyError as error:
            raise BoneAgeError(
                Kind.BAD_OPTION,
                came=f"a database that does not answer ({type(error).__name__})",
                expected="a database that can be opened and written",
                todo="Correct the setting `database`, or start the server.",
            ) from error
        yield Held(lock)


@contextmanager
def _file(path: Path, what: str, todo: str) -> Iterator[None]:
    with path.open("w") as lock:
        path.chmod(PRIVATE_FILE)
        try:
            flock(lock, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            raise _taken(what, todo) from None
        yield


def _key(database: str, schema: str | None) -> int:
    """Of 64 bits with a sign, as the database wants it."""
    words = "/".join((_KEY, database, schema or ""))
    return int.from_bytes(hashlib.sha256(words.encode()).digest()[:8], "big", signed=True)


def _taken(what: str, todo: str) -> BoneAgeError:
    return BoneAgeError(
        Kind.BAD_OPTION,
        came=f"a site's {what} that another server holds",
        expected=f"one server for each {what}",
        todo=todo,
    )
