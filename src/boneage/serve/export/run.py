"""`boneage export-films`: signed films as <id>.png or .dcm, the challenge's table, and films.csv with what else is known."""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from pathlib import Path
from typing import TextIO

import numpy as np
from PIL import Image as Pillow
from sqlalchemy import Engine

from boneage.dataset import LABELS
from boneage.errors import BoneAgeError, Kind
from boneage.read.folder import OUTPUT_MARK
from boneage.report.folder import claim
from boneage.serve.disk import PRIVATE_FILE
from boneage.serve.export.dicom import write_dicom
from boneage.serve.export.films import Cleaned, LeftOut, clean, signed_films
from boneage.serve.export.identity import Strangers
from boneage.serve.spool import Spool
from boneage.serve.store.audit import record
from boneage.serve.store.records import Film
from boneage.types import Sex

FILMS = "films.csv"
LABEL_COLUMNS = ("id", "boneage", "male")
FILM_COLUMNS = (
    *("id", "child", "day", "chronological_age_months", "sex", "bone_age_months"),
    *("scanner", "row_mm", "column_mm", "blanked"),
)
MAPPING_COLUMNS = ("id", "child", "film", "patient_id", "id_issuer", "accession_number", "sop_uid")
BEGUN, DONE = "export-films", "export-films-done"
Row = Sequence[object]


class Form(str, Enum):
    """Of the films."""

    PNG = "png"  # 16 bits
    DICOM = "dicom"


@dataclass(frozen=True)
class Wish:
    """What is asked for."""

    out: Path
    first: date | None = None  # of receipt; None: from the beginning
    last: date | None = None
    form: Form = Form.PNG
    mapping: Path | None = None  # a file that tells whose ids these are; None: nobody can undo the export


@dataclass(frozen=True)
class Exported:
    """What became of it."""

    films: int
    left_out: Counter[LeftOut]


@dataclass(frozen=True)
class _Known:
    """One film as the tables tell it."""

    number: int
    child: int
    told: Row  # of FILM_COLUMNS
    label: Row  # of LABEL_COLUMNS
    film: Film


def export(engine: Engine, spool: Spool, wish: Wish, *, actor: str) -> Exported:
    """Writes the data set, and a line of the audit trail before and after. Raises BoneAgeError for a wish that cannot be met."""
    _check(wish)
    claim(wish.out)
    (wish.out / OUTPUT_MARK).unlink(missing_ok=True)  # it is a data set, to be read as films
    days = {name: None if day is None else day.isoformat() for name, day in (("from", wish.first), ("to", wish.last))}
    asked = days | {"format": wish.form.value, "mapping": wish.mapping is not None}
    record(engine, actor, BEGUN, detail=asked)
    strangers, known, left_out = Strangers(), list[_Known](), Counter[LeftOut]()
    for film, reading in signed_films(engine, first=wish.first, last=wish.last):
        found = clean(film, reading, spool)
        if isinstance(found, LeftOut):
            left_out[found] += 1
        else:
            known.append(_write_film(wish, found, strangers))
    known.sort(key=lambda one: one.number)  # a random order: that of receipt would tell
    _write(wish.out / LABELS, LABEL_COLUMNS, [one.label for one in known])
    _write(wish.out / FILMS, FILM_COLUMNS, [one.told for one in known])
    if wish.mapping is not None:
        _write_mapping(wish.mapping, known)
    record(engine, actor, DONE, detail=asked | {"films": len(known), "left_out": left_out.total()})
    return Exported(len(known), left_out)


def _check(wish: Wish) -> None:
    if wish.first is not None and wish.last is not None and wish.first > wish.last:
        raise _wrong("days that end before they begin", "--from before --to")
    if wish.mapping is None:
        return
    if wish.mapping.resolve().is_relative_to(wish.out.resolve()):
        raise _wrong("the mapping in the folder of the data set", "a place apart: who has both knows every child")
    if wish.mapping.exists() or not wish.mapping.absolute().parent.is_dir():
        raise _wrong("a mapping file that is there already, or whose folder is not", "a new file in a folder that is there")


def _write_film(wish: Wish, one: Cleaned, strangers: Strangers) -> _Known:
    who, film_id = one.film.identity, one.film.id
    number, child, day = strangers.film(), strangers.child(who, film_id), strangers.day(who, film_id, one.study_date)
    grays = np.asarray(np.rint(one.pixels.clip(0, 1) * 65535), np.uint16)
    age = None if one.chronological_age_months is None else round(one.chronological_age_months)
    if wish.form is Form.PNG:
        Pillow.fromarray(grays).save(wish.out / f"{number}.png", format="PNG")
    else:
        path = wish.out / f"{number}.dcm"
        write_dicom(path, grays, film_id=number, child=child, sex=one.sex, age_months=age, day=day, spacing_mm=one.spacing_mm)
    spacing = ("", "") if one.spacing_mm is None else tuple(f"{side:.6g}" for side in one.spacing_mm)
    months = f"{one.months:g}"
    told = (number, child, day or "", "" if age is None else age, one.sex.value, months, one.film.scanner, *spacing)
    label = (number, months, one.sex is Sex.MALE)
    return _Known(number, child, (*told, f"{one.blanked:.3f}"), label, one.film)


def _write(path: Path, columns: Sequence[str], rows: Iterable[Row]) -> None:
    with path.open("x", newline="", encoding="utf-8") as file:
        _lines(file, columns, rows)


def _write_mapping(path: Path, known: Iterable[_Known]) -> None:
    """For this user alone from its first byte on."""
    opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
    with os.fdopen(opened, "w", newline="", encoding="utf-8") as file:
        whose = ((one, one.film.identity) for one in known)
        rows = (
            (one.number, one.child, one.film.id, who.patient_id, who.id_issuer, who.accession_number, who.sop_uid)
            for one, who in whose
        )
        _lines(file, MAPPING_COLUMNS, rows)


def _lines(file: TextIO, columns: Sequence[str], rows: Iterable[Row]) -> None:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)


def _wrong(came: str, expected: str) -> BoneAgeError:
    return BoneAgeError(Kind.BAD_OPTION, came=came, expected=expected, todo="Correct the call.")
