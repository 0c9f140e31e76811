"""The films that an export holds: signed, read by the system, their pixels blanked outside the hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import Enum

import numpy as np
from sqlalchemy import Engine, select

from boneage.errors import BoneAgeError
from boneage.read import read
from boneage.report.reading import Reading
from boneage.report.reading_json import load_reading
from boneage.serve.spool import Spool
from boneage.serve.states import SIGNED
from boneage.serve.store import schema
from boneage.serve.store.engine import reads
from boneage.serve.store.records import Film
from boneage.serve.store.rows import film_of
from boneage.standardize.blank import blank_outside, hand_outline
from boneage.types import Flag, Image, Radiograph, Sex

DARKEST = 2.0  # percentile of the film's grays that stands outside the hand
POINTS = 21


class LeftOut(str, Enum):
    """Why a signed film is not in an export."""

    NO_HAND = "the system found no hand, so nothing tells what to blank"
    NO_SEX = "nobody told the sex"
    UNREADABLE = "its file cannot be read"


@dataclass(frozen=True, eq=False)
class Cleaned:
    """One film without its identity in pixels and values; `film` still tells whose it is, for the ids."""

    film: Film = field(repr=False)
    pixels: Image  # [H, W] bone bright, one gray outside the hand
    blanked: float  # share of the pixels
    months: float  # as signed
    sex: Sex
    chronological_age_months: float | None
    study_date: str | None = field(repr=False)  # as it was
    spacing_mm: tuple[float, float] | None = None


def signed_films(engine: Engine, *, first: date | None, last: date | None) -> Iterator[tuple[Film, Reading]]:
    """Films received on these days, both included, whose latest reading is signed; by receipt."""
    films, readings = schema.films, schema.readings
    wanted = select(films, readings.c.body).join(readings, readings.c.uid == films.c.reading_uid)
    wanted = wanted.where(films.c.state.in_([state.value for state in SIGNED])).order_by(films.c.received_at, films.c.id)
    if first is not None:
        wanted = wanted.where(films.c.received_at >= first.isoformat())
    if last is not None:
        wanted = wanted.where(films.c.received_at < (last + timedelta(days=1)).isoformat())
    with reads(engine) as connection:
        rows = connection.execute(wanted).all()
    for row in rows:
        yield film_of(row), load_reading(row.body)


def clean(film: Film, reading: Reading, spool: Spool) -> Cleaned | LeftOut:
    """The film, blanked outside the hand that the system found when it read it."""
    drawing, decision = reading.drawing, reading.decision
    if drawing is None or len(drawing.points) != POINTS or decision is None:
        return LeftOut.NO_HAND
    if reading.sex is None:
        return LeftOut.NO_SEX
    try:
        radiograph = read(spool.read(film.file))
    except (BoneAgeError, OSError):
        return LeftOut.UNREADABLE
    outline = hand_outline(drawing.points, radiograph.size)
    pixels = _bright(radiograph, reading)
    return Cleaned(
        film=film,
        pixels=blank_outside(pixels, outline, black=float(np.percentile(pixels[::4, ::4], DARKEST))),
        blanked=float(1 - outline.mean()),
        months=decision.bone_age_months,
        sex=reading.sex,
        chronological_age_months=reading.chronological_age_months,
        study_date=reading.film.study_date or film.study_date,
        spacing_mm=radiograph.spacing_mm,
    )


def _bright(radiograph: Radiograph, reading: Reading) -> Image:
    """Bone bright, as the system saw it."""
    inverted = Flag.POLARITY_INVERTED in reading.flags
    return np.asarray(1 - radiograph.pixels, np.float32) if inverted else radiograph.pixels
