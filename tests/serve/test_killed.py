"""Killed at any moment (kill -9), the service loses no film that it promised to keep, and answers none twice."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType

import films
from sqlalchemy import Engine, select

from boneage.serve.intake import Intake
from boneage.serve.mapping import DEFAULT
from boneage.serve.settings import Send
from boneage.serve.spool import Spool
from boneage.serve.states import State
from boneage.serve.store import schema
from boneage.serve.store.audit import events
from boneage.serve.store.engine import open_engine
from boneage.serve.store.outbox import Outbox
from boneage.serve.store.records import Event
from boneage.serve.store.worklist import Wanted, Worklist
from boneage.serve.worker import Worker
from boneage.systems import REFERENCE

PROGRAM = Path(__file__).with_name("killed.py")
RESTARTS = {"sqlite": 50, "postgresql": 15}
CHILD = {"PatientSex": "F", "PatientBirthDate": "20140501", "StudyDate": "20240501", "Modality": "DX", "BodyPartExamined": "HAND"}


def _program() -> ModuleType:
    spec = importlib.util.spec_from_file_location("killed", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _all_events(engine: Engine) -> list[Event]:
    found: list[Event] = []
    while some := events(engine, after=found[-1].number if found else 0):
        found += some
    return found


def test_nothing_is_lost_and_nothing_answered_twice(url: str, tmp_path: Path) -> None:
    restarts = RESTARTS[url.split(":")[0]]
    sending, site = tmp_path / "films", tmp_path / "site"
    sending.mkdir()
    site.mkdir()
    for number in range(30 * restarts):  # more than it will take
        (sending / f"{number:04}").write_bytes(films.film(SOPInstanceUID=f"1.2.3.{number + 1}", **CHILD))
    done = subprocess.run(
        [sys.executable, PROGRAM, url, site, sending, str(restarts), "7"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")

    promised = dict(line.split() for line in (site / "promised").read_text().splitlines() if len(line.split()) == 2)
    assert len(promised) > restarts  # it did get somewhere
    engine, killed = open_engine(url), _program()
    worklist, spool = Worklist(engine), Spool(site / "spool")
    spool.sweep()
    worklist.release_all()
    Intake(spool, worklist, DEFAULT).adopt()
    worker = Worker(worklist, spool, REFERENCE, (killed.ARCHIVE,), Send.ON_READ, ask=killed.quick)
    while worker.step():
        pass
    count = sum(worklist.counts().values())
    pages = [worklist.page(Wanted(states=frozenset(State), skip=skip, most=500))[0] for skip in range(0, count, 500)]
    found = [film for page in pages for film in page]
    by_id = {film.id: film for film in found}
    assert count == len(found) == len({film.identity.sop_uid for film in found})
    assert set(promised.values()) <= by_id.keys()
    for name, film_id in promised.items():
        film = by_id[film_id]
        assert film.identity.sop_uid == f"1.2.3.{int(name) + 1}"
        assert spool.read(film.file) == (sending / name).read_bytes()
    assert spool.orphans(worklist.files()) == []
    assert {film.state for film in found} <= {State.READ, State.REFUSED}
    with engine.connect() as connection:
        answered = Counter(connection.scalars(select(schema.readings.c.film_id)))
    assert answered == dict.fromkeys(by_id, 1)
    lines = Counter((event.action, event.film_id) for event in _all_events(engine))
    assert lines == Counter({(action, film_id): 1 for action in ("receive", "assess") for film_id in by_id})
    errands = sum(Outbox(engine).counts().values())
    assert errands == sum(film.state is State.READ for film in found)
    engine.dispose()
