"""REST: how the service does, for readers and admins; no patient is in it."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from boneage.serve.drift import BASELINE
from boneage.serve.monitor import WEEKS, Cell, Monitor, monitor
from boneage.serve.web.access import TheSite, Viewer
from boneage.serve.web.shapes import Shape

api = APIRouter(prefix="/api/v1", tags=["monitor"])
Weeks = Annotated[int, Query(ge=1, le=520)]


class CellShape(Shape):
    """Some of the films. Null: a figure of fewer than five films is left out."""

    by: str = Field(description="all, week, scanner or version")
    name: str
    films: int = Field(description="that the system read or refused")
    few: bool = Field(description="whether a figure was left out")
    refused: float | None = Field(description="share of the films that the system refused")
    reasons: dict[str, int]
    signed: int = Field(description="films with the system's and a reader's months")
    changed: float | None = Field(description="share of those that the reader changed by half a month and more")
    mean_months: float | None = Field(description="reader minus system")
    sd_months: float | None
    width_months: float | None = Field(description="median width of the printed interval")
    hours: float | None = Field(description="median from receipt to the first signature")

    @classmethod
    def of(cls, cell: Cell) -> CellShape:
        return cls(few=cell.few, **asdict(cell))


class DriftShape(Shape):
    """The weighted mean of reader minus system against that of the first films of this version."""

    version: str = Field(description="of the system and this software")
    films: int = Field(description=f"signed ones of this version; the alarm needs {BASELINE}")
    alarm: bool
    since: datetime | None = Field(description="signature from which on the mean has been outside its limits")
    usual_months: float | None
    spread_months: float | None
    now_months: float | None
    low_months: float | None
    high_months: float | None


class MonitorShape(Shape):
    """All of it."""

    since: datetime = Field(description="films received from then on")
    waiting: int
    cells: list[CellShape]
    drift: DriftShape

    @classmethod
    def of(cls, found: Monitor) -> MonitorShape:
        told = {name: value for name, value in asdict(found.drift).items() if name != "since"}
        drift = DriftShape(version=found.version, alarm=found.drift.alarm, since=found.drift_since, **told)
        return cls(since=found.since, waiting=found.waiting, cells=[CellShape.of(one) for one in found.cells], drift=drift)


@api.get("/monitor")
def show(user: Viewer, site: TheSite, weeks: Weeks = WEEKS) -> MonitorShape:
    """Refusals, changed readings and reader minus system by week, scanner and version, and the drift alarm."""
    return MonitorShape.of(monitor(site.engine, datetime.now(UTC), weeks=weeks))
