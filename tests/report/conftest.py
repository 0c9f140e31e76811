"""Assessments made by hand: no network runs."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import numpy as np
import pytest

from boneage.errors import BoneAgeError, Kind
from boneage.geometry import PixelMap
from boneage.regions import WHOLE, cut
from boneage.register import register
from boneage.report.reading import Decision, Reading, Refusal, Status, readings_of
from boneage.template import TEMPLATE, Frame
from boneage.types import Assessment, Estimate, Flag, Hand, Identity, Interval, Prepared, Radiograph, Sex, SexSource, Side

IDENTITY = Identity("DOE^JANE", "MRN-4711", "ACC-0815", "1.2.3.4.5", "1.2.3.4.6")
FILM = (220, 160)


def make_estimate(sex: Sex | None, months: float, *, spread: float = 9.0, flags: frozenset[Flag] = frozenset()) -> Estimate:
    """A bell over months with an interval of twice its spread."""
    probabilities = np.exp(-0.5 * ((np.arange(240) - months) / spread) ** 2)
    probabilities /= probabilities.sum()
    interval = (max(months - 2 * spread, 0.0), min(months + 2 * spread, 240.0))
    intervals = tuple(
        Interval(coverage, max(months - k * spread, 0.0), min(months + k * spread, 240.0))
        for coverage, k in ((0.8, 1.5), (0.9, 2.0), (0.95, 2.5))
    )
    return Estimate(sex, months, interval, 0.9, spread, probabilities, flags, intervals)


def make_assessment(*estimates: Estimate, flags: frozenset[Flag] = frozenset(), **radiograph: Any) -> Assessment:
    """An upright hand on a gray ramp, its points where the template has them."""
    pixels = np.linspace(0, 1, FILM[0] * FILM[1], dtype=np.float32).reshape(FILM)
    points = Frame(left=-0.6, top=-1.2, right=0.7, bottom=0.5).grid(FILM).points(TEMPLATE)
    hand = Hand(pixels, points, np.ones(len(points)), 0.997, PixelMap.identity())
    prepared = Prepared(cut(register(hand), (WHOLE,)), (), hand=hand)
    film = Radiograph(pixels, "ab" * 32, identity=IDENTITY, **radiograph)
    found = estimates or (make_estimate(Sex.FEMALE, 99.0),)
    source = SexSource.BOTH if len(found) > 1 else SexSource.HEADER if found[0].sex else SexSource.UNUSED
    return Assessment(film, prepared, found, source, "reference-2026-11", ("a-2026-11", "b-2026-11"), flags, 0.125)


@pytest.fixture
def estimate() -> Callable[..., Estimate]:
    return make_estimate


@pytest.fixture
def assessment() -> Callable[..., Assessment]:
    return make_assessment


NOON = datetime(2026, 11, 21, 12, 30, 5, tzinfo=timezone(timedelta(hours=1)))


def make_reading(status: Status = Status.UNVERIFIED, *, months: float = 93.0, refused: bool = False, **changes: Any) -> Reading:
    """A girl's reading of 99 months on a film of 90, in any status; `months`: the reader's; `refused`: by the system."""
    film: dict[str, Any] = {
        "chronological_age_months": 90.0,
        "side": Side.LEFT,
        "study_date": "2026-11-20",
        "spacing_mm": (0.1, 0.1),
    }
    (made,) = readings_of(make_assessment(**film), uids=("1.2.826.7.1",), at=NOON)
    if refused:
        error = BoneAgeError(Kind.NO_HAND, came="a chest", expected="a hand", todo="Give a hand.")
        made = replace(made, estimate=None, drawing=None, refusal=Refusal.of(error))
    if status is not Status.UNVERIFIED:
        before = None if status is Status.SIGNED else "1.2.826.7.0"
        made = replace(made, status=status, predecessor=before, decision=Decision("Dr. Ada Weber", NOON, months, reason="seen"))
    return replace(made, **changes)


@pytest.fixture(scope="session")
def reading() -> Callable[..., Reading]:
    return make_reading
