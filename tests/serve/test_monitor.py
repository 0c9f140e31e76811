"""The monitor's figures against a small worklist worked by hand, in both databases, and its shapes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from boneage.report.reading import Reading, Status
from boneage.serve.monitor import FEWEST, NOT_TOLD, Cell, Monitor, monitor
from boneage.serve.store.records import Arrival
from boneage.serve.store.worklist import Worklist
from boneage.serve.web.monitor_rest import MonitorShape
from boneage.serve.web.monitor_view import view

Make = Callable[..., Reading]


class Day:
    """A service's worklist to be filled."""

    def __init__(self, worklist: Worklist, clock: object, arrival: Callable[..., Arrival], reading: Make, decided: Make) -> None:
        self.worklist, self.clock, self.arrival, self.reading, self.decided = worklist, clock, arrival, reading, decided

    def film(self, months: float | None, read: float | None = None, *, scanner: str = "ACME One", version: str = "1.0") -> str:
        """Received, read by the system, and signed two hours later where somebody did."""
        film_id = self.worklist.receive(self.arrival(scanner=scanner)).film_id
        claimed = self.worklist.claim()
        assert claimed is not None
        said = self.reading(months, version=version)
        assert self.worklist.answer(claimed, said)
        if read is not None:
            self.clock.go(hours=2)  # type: ignore[attr-defined]
            self.worklist.decide(film_id, said.uid, self.decided(said, Status.SIGNED, read), actor="jane")
            self.clock.go(hours=-2)  # type: ignore[attr-defined]
        return film_id


@pytest.fixture
def day(worklist: Worklist, clock: object, arrival: Callable[..., Arrival], reading: Make, decided: Make) -> Day:
    return Day(worklist, clock, arrival, reading, decided)


def cell(found: Monitor, by: str, name: str) -> Cell:
    (one,) = (one for one in found.cells if (one.by, one.name) == (by, name))
    return one


def test_the_whole_by_hand(day: Day, engine: Engine, clock: Callable[[], object]) -> None:
    for read in (100.0, 100.0, 100.3, 106.0, 94.0, 112.0):
        day.film(100.0, read)
    day.film(None)
    day.film(None, 80.0)
    found = monitor(engine, day.clock())  # type: ignore[operator]
    whole = found.cells[0]
    assert (whole.films, whole.signed, whole.refused, whole.reasons) == (8, 6, 0.25, {"no-hand": 2})
    assert whole.changed == pytest.approx(3 / 6)
    assert whole.mean_months == pytest.approx((0.3 + 6 - 6 + 12) / 6)
    assert whole.width_months == 18.0
    assert whole.hours == pytest.approx(2.0)
    assert not whole.few
    assert (found.waiting, found.version) == (0, "reference-2026-11, 1.0")
    assert found.drift.films == 6


def test_cells_of_few_films_are_marked_and_empty(day: Day, engine: Engine) -> None:
    for _ in range(FEWEST):
        day.film(100.0, 103.0)
    day.film(100.0, 150.0, scanner="Rare Model")
    day.film(None, scanner="")
    found = monitor(engine, day.clock())  # type: ignore[operator]
    rare, usual = cell(found, "scanner", "Rare Model"), cell(found, "scanner", "ACME One")
    assert (rare.films, rare.few, rare.mean_months, rare.changed, rare.refused, rare.reasons) == (1, True, None, None, None, {})
    assert (usual.few, usual.mean_months) == (False, 3.0)
    assert cell(found, "scanner", NOT_TOLD).films == 1


def test_weeks_and_versions_are_parted_and_the_drift_is_of_the_latest(day: Day, engine: Engine) -> None:
    for _ in range(6):
        day.film(100.0, 101.0, version="1.0")
    day.clock.go(days=14)  # type: ignore[attr-defined]
    for _ in range(7):
        day.film(100.0, 95.0, version="1.1")
    found = monitor(engine, day.clock())  # type: ignore[operator]
    weeks = [one.name for one in found.cells if one.by == "week"]
    assert weeks == ["2026-W47", "2026-W49"]
    assert cell(found, "week", "2026-W49").mean_months == -5.0
    assert cell(found, "version", "reference-2026-11, 1.0").films == 6
    assert (found.version, found.drift.films) == ("reference-2026-11, 1.1", 7)
    recent = monitor(engine, day.clock(), weeks=1)  # type: ignore[operator]
    assert recent.cells[0].films == 7
    assert recent.drift.films == 7


def test_what_is_withdrawn_is_no_reading_but_a_film(day: Day, engine: Engine) -> None:
    film_id = day.film(100.0, 160.0)
    signed = day.worklist.film(film_id)
    assert signed is not None
    assert signed.reading_uid is not None
    seen = day.worklist.reading(signed.reading_uid)
    assert seen is not None
    day.worklist.decide(
        film_id, seen.uid, day.decided(seen, Status.WITHDRAWN, 160.0, reason="another child's film"), actor="jane"
    )
    whole = monitor(engine, day.clock()).cells[0]  # type: ignore[operator]
    assert (whole.films, whole.signed) == (1, 0)


def test_the_alarm_tells_the_day_that_it_began(day: Day, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("boneage.serve.drift.BASELINE", 10)
    for k in range(10):
        day.film(100.0, 100.0 + (k % 3 - 1))
    day.clock.go(days=7)  # type: ignore[attr-defined]
    for _ in range(12):
        day.film(100.0, 112.0)
    found = monitor(engine, day.clock())  # type: ignore[operator]
    assert found.drift.alarm
    assert found.drift_since is not None
    assert found.drift_since - found.since >= timedelta(weeks=1)


def test_an_empty_worklist_has_an_empty_monitor(engine: Engine, clock: Callable[[], object]) -> None:
    found = monitor(engine, clock())  # type: ignore[arg-type]
    assert [one.films for one in found.cells] == [0]
    assert view(found).chart is None
    assert MonitorShape.of(found).drift.alarm is False


def test_the_shape_holds_all_and_no_patient(day: Day, engine: Engine) -> None:
    for read in (100.0, 101.0, 102.0, 103.0, 104.0):
        day.film(100.0, read)
    text = MonitorShape.of(monitor(engine, day.clock())).model_dump_json()  # type: ignore[operator]
    assert '"mean_months":2.0' in text
    for word in ("DOE", "MRN-4711", "ACC-0815", "2014-05-01"):
        assert word not in text


def test_the_drawing_stands_within_its_frame(day: Day, engine: Engine) -> None:
    for week in range(3):
        for read in (100.0, 90.0, 130.0, 103.0, 104.0 + week):
            day.film(100.0, read)
        day.clock.go(days=14)  # type: ignore[attr-defined]
    chart = view(monitor(engine, day.clock())).chart  # type: ignore[operator]
    assert chart is not None
    assert [one.name for one in chart.marks] == ["2026-W47", "2026-W49", "2026-W51"]
    assert len(chart.weeks) == 5  # those between have a place, too
    for one in chart.marks:
        assert 12 <= one.high <= one.y <= one.low <= 208
