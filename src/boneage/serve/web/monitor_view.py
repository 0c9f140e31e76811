"""The monitor's page: its table by kinds of cells, and the drawing of reader minus system by week."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from boneage.serve.drift import BASELINE
from boneage.serve.monitor import FEWEST, WEEKS, Cell, Monitor, monitor
from boneage.serve.site import Site

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 720.0, 240.0, 44.0, 12.0, 208.0
_LEAST_MONTHS = 12.0  # that the drawing reaches up and down
_LABELS = 8


@dataclass(frozen=True)
class Mark:
    """One week: the mean, and 2 SD to both sides."""

    x: float
    y: float
    low: float
    high: float
    name: str
    films: int


@dataclass(frozen=True)
class Chart:
    """In a drawing of WIDTH x HEIGHT."""

    marks: tuple[Mark, ...]
    zero: float
    lines: tuple[tuple[float, str], ...]  # y of a month and how it is called
    limits: tuple[float, float] | None  # y of the mean - and + 2 SD of all weeks; None: too few films
    weeks: tuple[tuple[float, str], ...]  # x, name


@dataclass(frozen=True)
class View:
    """What the page shows."""

    found: Monitor
    kinds: tuple[tuple[str, tuple[Cell, ...]], ...]  # all, week, scanner, version
    chart: Chart | None
    baseline: int = BASELINE
    fewest: int = FEWEST
    size: tuple[float, float, float, float] = (WIDTH, HEIGHT, LEFT, BOTTOM)


def view_of(site: Site, *, weeks: int = WEEKS) -> View:
    """Now."""
    return view(monitor(site.engine, datetime.now(UTC), weeks=weeks))


def view(found: Monitor) -> View:
    """The latest weeks first in the table."""
    kinds = {kind: tuple(one for one in found.cells if one.by == kind) for kind in ("all", "week", "scanner", "version")}
    kinds["week"] = kinds["week"][::-1]
    return View(found, tuple(kinds.items()), chart_of(found))


def chart_of(found: Monitor) -> Chart | None:
    """None: no week has enough signed films."""
    weeks = {one.name: one for one in found.cells if one.by == "week" and one.mean_months is not None}
    if not weeks:
        return None
    whole, names = found.cells[0], _all_weeks(min(weeks), max(weeks))
    top = max([_LEAST_MONTHS, *(abs(_mean(one)) + 2 * _sd(one) for one in (whole, *weeks.values()))])
    step = (WIDTH - LEFT) / len(names)

    def y(months: float) -> float:
        return round((TOP + BOTTOM) / 2 - months / top * (BOTTOM - TOP) / 2, 1)

    place = {name: round(LEFT + step * (number + 0.5), 1) for number, name in enumerate(names)}
    marks = tuple(
        Mark(place[name], y(_mean(one)), y(_mean(one) - 2 * _sd(one)), y(_mean(one) + 2 * _sd(one)), name, one.signed)
        for name, one in weeks.items()
    )
    limits = None if whole.mean_months is None else (y(_mean(whole) - 2 * _sd(whole)), y(_mean(whole) + 2 * _sd(whole)))
    grid = 12 if top > 18 else 6
    months = range(-int(top // grid) * grid, int(top) + 1, grid)
    every = -(-len(names) // _LABELS)
    return Chart(
        marks=marks,
        zero=y(0),
        lines=tuple((y(one), f"{one:+d}".replace("-", "\N{MINUS SIGN}") if one else "0") for one in months),
        limits=limits,
        weeks=tuple((place[name], name) for name in names[::every]),
    )


def _mean(cell: Cell) -> float:
    return cell.mean_months or 0.0


def _sd(cell: Cell) -> float:
    return cell.sd_months or 0.0


def _all_weeks(first: str, last: str) -> list[str]:
    """Also those between without films."""
    names, day = [first], datetime.strptime(f"{first}-1", "%G-W%V-%u").replace(tzinfo=UTC)
    while names[-1] < last:
        day += timedelta(weeks=1)
        year, week, _ = day.isocalendar()
        names.append(f"{year}-W{week:02}")
    return names
