"""The service's tests need the serve extra; without it they skip and say so. Databases: SQLite, and a PostgreSQL of their own."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sqlalchemy", reason="needs the serve extra: make test EXTRAS=serve")

from sqlalchemy import Engine, create_engine

from boneage.errors import Kind
from boneage.report.reading import Decision, Film, Reading, Refusal, Status
from boneage.serve.states import Origin
from boneage.serve.store.engine import open_engine
from boneage.serve.store.records import Arrival
from boneage.serve.store.worklist import Worklist
from boneage.serve.worker import new_uid
from boneage.types import Estimate, Identity, Sex, SexSource

START = datetime(2026, 11, 21, 8, tzinfo=UTC)
_NUMBERS = count(1)


class Clock:
    """Stands still unless it is told to go on."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def go(self, **by: float) -> None:
        self.now += timedelta(**by)


def make_arrival(**other: Any) -> Arrival:
    """A film with a file and a SOP UID of its own; `other`: fields of Arrival or of Identity."""
    number = next(_NUMBERS)
    who = Identity("DOE^JANE", "MRN-4711", "ACC-0815", "1.2.3", f"1.2.3.{number}", "1.2.4", "CLINIC", "2014-05-01")
    fields = {name: other.pop(name) for name in list(other) if name in Arrival.__dataclass_fields__}
    film = Arrival(f"{number:032x}", f"{number:064x}", Origin.STORED, "MODALITY", replace(who, **other), "2024-05-01")
    return replace(film, **fields)


def make_reading(months: float | None = 100.0, *, decision: Decision | None = None, **other: Any) -> Reading:
    """The system's; None: refused."""
    probabilities = np.zeros(240)
    probabilities[int(months or 0)] = 1
    sure = None if months is None else Estimate(Sex.FEMALE, months, (months - 9, months + 9), 0.9, 4.5, probabilities)
    why = Refusal(Kind.NO_HAND, "a film without a hand", "one hand", "Take another.") if months is None else None
    status = Status.UNVERIFIED if decision is None else Status.SIGNED
    reading = Reading(
        new_uid(), START, Identity(), Film("ab" * 32, (200, 150)), Sex.FEMALE, SexSource.HEADER, 120.0, "reference-2026-11",
        ("a-2026-11",), sure, why, status=status, decision=decision,
    )  # fmt: skip
    return replace(reading, **other)


def make_decided(seen: Reading, status: Status, months: float = 110.0, *, reason: str = "") -> Reading:
    """A reader's version of a reading."""
    decision = Decision("reader", START, months, None, reason)
    return replace(seen, uid=new_uid(), status=status, decision=decision, predecessor=seen.uid)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def arrival() -> Callable[..., Arrival]:
    return make_arrival


@pytest.fixture
def reading() -> Callable[..., Reading]:
    return make_reading


@pytest.fixture
def decided() -> Callable[..., Reading]:
    return make_decided


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with the tables in it."""
    path = tmp_path_factory.mktemp("migrated") / "empty.sqlite"
    open_engine(f"sqlite:///{path}").dispose()
    return path


class Postgres:
    """A cluster of its own, reached by a socket in its folder alone."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self.folder, self.programs, self.made = folder, programs, count()
        user = next((name for name in ("postgres", "nobody") if _is_user(name)), "") if os.geteuid() == 0 else ""
        self.user = pwd.getpwnam(user) if user else pwd.getpwuid(os.geteuid())
        os.chown(folder, self.user.pw_uid, self.user.pw_gid)
        self.run("initdb", "-D", f"{folder}/data", "-A", "trust", "-U", "boneage", "-E", "UTF8", "--no-locale", "-N")
        self.start()

    def start(self) -> None:
        options = f"-c listen_addresses='' -c unix_socket_directories={self.folder} -c fsync=off -c max_connections=50"
        self.run("pg_ctl", "-D", f"{self.folder}/data", "-w", "-l", f"{self.folder}/log", "-o", options, "start")

    def run(self, program: str, *arguments: str) -> None:
        other = {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
        subprocess.run([self.programs / program, *arguments], check=True, cwd=self.folder, stdout=subprocess.DEVNULL, **other)

    def stop(self) -> None:
        self.run("pg_ctl", "-D", f"{self.folder}/data", "-m", "immediate", "stop")

    def url(self, name: str) -> str:
        return f"postgresql://boneage@/{name}?host={self.folder}"

    def new(self, template: str = "template1") -> str:
        """The URL of a new database."""
        name = f"made{next(self.made)}"
        engine = create_engine(self.url("postgres").replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {template}")
        engine.dispose()
        return self.url(name)


def _is_user(name: str) -> bool:
    try:
        return bool(pwd.getpwnam(name))
    except KeyError:
        return False


def _cluster() -> Iterator[Postgres]:
    there = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    program = shutil.which("pg_ctl") or (there[-1] if there else None)
    if program is None:
        pytest.skip("no PostgreSQL here: install Debian's package postgresql")
    folder = Path(mkdtemp(prefix="boneage-pg-"))
    cluster = Postgres(folder, Path(program).resolve().parent)
    try:
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    yield from _cluster()


@pytest.fixture
def restartable() -> Iterator[Postgres]:
    """One that a test may stop and start again."""
    yield from _cluster()


@pytest.fixture(scope="session")
def migrated_postgres(postgres: Postgres) -> str:
    """Name of a database with the tables in it."""
    url = postgres.new()
    open_engine(url).dispose()
    return url.split("?")[0].rsplit("/", 1)[1]


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of a database without tables, of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/boneage.sqlite"
    cluster: Postgres = request.getfixturevalue("postgres")
    return cluster.new()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of an empty database of each kind."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated"), tmp_path / "boneage.sqlite")
        return f"sqlite:///{tmp_path}/boneage.sqlite"
    cluster: Postgres = request.getfixturevalue("postgres")
    return cluster.new(request.getfixturevalue("migrated_postgres"))


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    engine = open_engine(url)
    yield engine
    engine.dispose()


@pytest.fixture
def worklist(engine: Engine, clock: Clock) -> Worklist:
    return Worklist(engine, clock)
