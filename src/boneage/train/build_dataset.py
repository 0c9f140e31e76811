"""A hospital's reports and films to a training data set: joined by accession number, aberrant cases excluded by reason.

Lee 2017, "Data Collection" and "Data Categorization". Identity stays behind: a film's new id comes from its pixels, so the
same film falls into the same part of the split whenever and from whichever table the data set is built. Children with
several films are not told apart; the layout has no patient.
"""

from __future__ import annotations

import csv
import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

import cv2
import numpy as np

from boneage.dataset import LABELS
from boneage.errors import BoneAgeError, Kind
from boneage.networks import load_network
from boneage.read import read
from boneage.read.dataset import parse
from boneage.read.folder import Found
from boneage.read.header import Header, read_header
from boneage.read.quiet import quiet
from boneage.read.sniff import Format, sniff
from boneage.read.source import load
from boneage.read.tags import Tags
from boneage.register import register
from boneage.standardize import standardize
from boneage.systems import HAND_FINDER
from boneage.train.report_table import Row
from boneage.train.reports import BoneAge, read_report
from boneage.types import Flag, Image, Radiograph, Sex, Side

EXCLUSIONS = "exclusions.csv"
IDS = 10**12  # so many ids that two of 10,000 films share one with a chance of 5 in 100,000
DAMAGED = {
    kind.value
    for kind in (Kind.NOT_FOUND, Kind.NOT_A_FILE, Kind.NOT_READABLE, Kind.EMPTY, Kind.NOT_AN_IMAGE, Kind.TRUNCATED, Kind.INTERNAL)
}
OURS_TO_MEND = (cv2.error, MemoryError, ArithmeticError, ValueError)


class Reason(str, Enum):
    """Why a report or a film is not in the data set."""

    BROKEN_ROW = "broken-row"  # more or fewer cells than the header
    NO_ACCESSION = "no-accession-number"
    DUPLICATE = "duplicate-report"  # a later report of the same accession number, or all where they differ
    UNREADABLE_REPORT = "unreadable-report"
    NO_IMAGE = "report-without-image"
    NO_REPORT = "image-without-report"
    SEVERAL_IMAGES = "several-images"
    REFUSED_FILM = "refused-film"  # the paper's deformed images
    RIGHT_HAND = "right-hand"
    AGE_RANGE = "age-range"
    SEX_UNKNOWN = "sex-unknown"
    SEX_DIFFERS = "sex-differs"  # between table and header
    SAME_FILM = "same-film-again"


@dataclass(frozen=True)
class Excluded:
    """One report or film that was left out. It names no patient, no accession number and no file."""

    reason: Reason
    detail: str = ""
    row: int | None = None  # of the table of reports
    films: tuple[int, ...] = ()  # their places among the files of the folder, from 1
    sex: Sex | None = None


@dataclass(frozen=True)
class Scanned:
    """A film by its header."""

    number: int
    path: Path = field(repr=False)
    header: Header = field(repr=False)


@dataclass(frozen=True, eq=False)
class Kept:
    """One film of the data set."""

    id: int
    row: Row
    scanned: Scanned
    bone_age_months: float
    sex: Sex
    pixels: Image  # [H, W] bone bright, its own size
    age_known: bool  # without it the range of ages could not be asked


@dataclass(frozen=True)
class AgeRange:
    """Chronological ages in whole years, both included; the mature are in whatever their age, as in the paper."""

    youngest: int = 5
    oldest: int = 18

    def holds(self, months: float) -> bool:
        return self.youngest <= months // 12 <= self.oldest


def scan(found: Sequence[Found]) -> Iterator[Scanned | Excluded | None]:
    """Every file of the folder by its header alone, in order; None for DICOM objects that are no pictures (a report, a key)."""
    for number, file in enumerate(found, start=1):
        try:
            yield _scan_one(number, file)
        except BoneAgeError as error:
            yield Excluded(Reason.REFUSED_FILM, error.kind.value, films=(number,))
        except OURS_TO_MEND:
            yield Excluded(Reason.REFUSED_FILM, Kind.INTERNAL.value, films=(number,))


def _scan_one(number: int, file: Found) -> Scanned | Excluded | None:
    if file.error is not None:
        raise file.error
    data = load(file.path)
    if sniff(data) is not Format.DICOM:
        return Excluded(Reason.NO_ACCESSION, "not-dicom", films=(number,))
    with quiet():
        tags = Tags(parse(data)[0])
        if tags.value("Rows") is None:
            return None
        header = read_header(tags)
    if not header.identity.accession_number:
        return Excluded(Reason.NO_ACCESSION, films=(number,), sex=header.sex)
    return Scanned(number, file.path, header)


def build(rows: Sequence[Row], films: Iterable[Scanned], ages: AgeRange) -> Iterator[Kept | Excluded]:
    """One outcome for each row in order, then one for each film whose accession number no row has, or that came twice."""
    by_accession, copies = _by_accession(films)
    readings, twice = [read_report(row.report) for row in rows], _duplicates(rows)
    lonely = {_alike(accession) for accession in by_accession if accession not in twice}
    seen = set[int]()
    for place, (row, reading) in enumerate(zip(rows, readings, strict=True)):
        scanned = by_accession.get(row.accession, [])
        sex = row.sex or (scanned[0].header.sex if scanned else None)
        reason, detail = _refused_by_table(row, reading, scanned, _duplicate(place, twice[row.accession], readings))
        if reason is Reason.NO_IMAGE and _alike(row.accession) in lonely:
            detail = "number-written-otherwise"
        if reason is not None:
            yield Excluded(reason, detail, row.number, tuple(one.number for one in scanned), sex)
            continue
        assert isinstance(reading, BoneAge)
        outcome = _film(row, reading, scanned[0], ages)
        if isinstance(outcome, Kept) and outcome.id in seen:
            outcome = Excluded(Reason.SAME_FILM, "", row.number, (scanned[0].number,), sex)
        if isinstance(outcome, Kept):
            seen.add(outcome.id)
        yield outcome
    for accession, scanned in by_accession.items():
        if accession not in twice:
            yield from (Excluded(Reason.NO_REPORT, films=(one.number,), sex=one.header.sex) for one in scanned)
    yield from (Excluded(Reason.SAME_FILM, "copy", films=(one.number,), sex=one.header.sex) for one in copies)


def _alike(accession: str) -> str:
    """Without what spreadsheets and exports change: leading zeros, case, signs between the digits."""
    return re.sub(r"[\W_]", "", accession).casefold().lstrip("0")


def _by_accession(films: Iterable[Scanned]) -> tuple[dict[str, list[Scanned]], list[Scanned]]:
    """The films of each accession number, and the copies of one object, which are left out."""
    groups, uids, copies = defaultdict[str, list[Scanned]](list), set[tuple[str, str]](), list[Scanned]()
    for film in films:
        identity = film.header.identity
        name = identity.accession_number, identity.sop_uid
        known = bool(identity.sop_uid) and name in uids
        (copies if known else groups[identity.accession_number]).append(film)
        uids.add(name)
    return groups, copies


def _duplicates(rows: Sequence[Row]) -> dict[str, list[int]]:
    """The places of the rows of each accession number."""
    places = defaultdict[str, list[int]](list)
    for place, row in enumerate(rows):
        places[row.accession].append(place)
    return places


def _duplicate(place: int, same: list[int], readings: Sequence[object]) -> str | None:
    """None for the only report, or the first of several that say the same."""
    stated = {one.months if isinstance(one, BoneAge) else None for one in (readings[other] for other in same)}
    if len(stated) > 1:
        return "reports-differ"
    return None if place == same[0] else "again"


def _refused_by_table(row: Row, reading: object, scanned: list[Scanned], duplicate: str | None) -> tuple[Reason | None, str]:
    """What is wrong before any pixel is looked at."""
    if not row.whole:
        return Reason.BROKEN_ROW, ""
    if not row.accession:
        return Reason.NO_ACCESSION, ""
    if duplicate is not None:
        return Reason.DUPLICATE, duplicate
    if not isinstance(reading, BoneAge):
        return Reason.UNREADABLE_REPORT, str(getattr(reading, "value", ""))
    if not scanned:
        return Reason.NO_IMAGE, ""
    return (Reason.SEVERAL_IMAGES, str(len(scanned))) if len(scanned) > 1 else (None, "")


def _film(row: Row, reading: BoneAge, scanned: Scanned, ages: AgeRange) -> Kept | Excluded:
    """The film of a report, if header and pixels allow it."""
    header, table = scanned.header, row.sex
    sex = table or header.sex

    def excluded(reason: Reason, detail: str = "") -> Excluded:
        return Excluded(reason, detail, row.number, (scanned.number,), sex)

    if header.side is Side.RIGHT:
        return excluded(Reason.RIGHT_HAND, "header")
    if sex is None:
        return excluded(Reason.SEX_UNKNOWN)
    if header.sex not in (None, sex):
        return excluded(Reason.SEX_DIFFERS)
    age = header.chronological_age_months if row.chronological_age_months is None else row.chronological_age_months
    if age is not None and not ages.holds(age) and not (reading.mature and age >= 12 * ages.youngest):
        return excluded(Reason.AGE_RANGE)
    try:
        radiograph = read(scanned.path)
        pixels, mirrored = _look(radiograph)
    except BoneAgeError as error:
        return excluded(Reason.REFUSED_FILM, error.kind.value)
    except OURS_TO_MEND:
        return excluded(Reason.REFUSED_FILM, Kind.INTERNAL.value)
    if mirrored:
        return excluded(Reason.RIGHT_HAND, "thumb")
    return Kept(int(radiograph.sha256, 16) % IDS, row, scanned, reading.months, sex, pixels, age is not None)


def _look(radiograph: Radiograph) -> tuple[Image, bool]:
    """The film with bone bright, and whether its thumb is on a right hand's side. Raises BoneAgeError without one whole hand."""
    hand = standardize(radiograph, load_network(HAND_FINDER))
    mirrored = Flag.MIRRORED in register(hand).flags
    dark = Flag.POLARITY_INVERTED in hand.flags
    return (np.asarray(1 - radiograph.pixels, np.float32) if dark else radiograph.pixels), mirrored


@dataclass
class Counts:
    """How many were kept and left out, by reason and sex. It keeps no pixels and nobody's identity."""

    kept: Counter[Sex | None] = field(default_factory=Counter)
    excluded: Counter[tuple[Reason, str, Sex | None]] = field(default_factory=Counter)  # reason, detail, sex
    age_unknown: int = 0  # of those kept

    def add(self, outcome: Kept | Excluded) -> None:
        if isinstance(outcome, Kept):
            self.kept[outcome.sex] += 1
            self.age_unknown += not outcome.age_known
        else:
            self.excluded[outcome.reason, outcome.detail, outcome.sex] += 1

    def of(self, reason: Reason) -> int:
        """How many were left out for a reason."""
        return sum(number for (one, _, _), number in self.excluded.items() if one is reason)

    @property
    def damaged(self) -> int:
        """Files that should have been whole."""
        return sum(number for (_, detail, _), number in self.excluded.items() if detail in DAMAGED)


class DatasetFolder:
    """The data set on disk, written film by film, so that a run that is stopped leaves a whole smaller one."""

    def __init__(self, path: Path, key: Path | None = None) -> None:
        """Makes the folder and the private key table if asked for. Raises BoneAgeError where the folder holds something."""
        self.path, self.key = path, key
        path.mkdir(parents=True, exist_ok=True)
        if any(path.iterdir()):
            raise BoneAgeError(
                Kind.BAD_OPTION,
                came="a folder that holds files",
                expected="a new or empty folder",
                todo="Give another --out.",
            )
        if key is not None:
            if path.resolve() in key.resolve().parents or key.exists():
                raise BoneAgeError(
                    Kind.BAD_OPTION,
                    came="a key table inside the data set's folder, or one that exists",
                    expected="a new file elsewhere, for it tells who the films are of",
                    todo="Give another path with --key.",
                )
            os.close(os.open(key, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            _append(key, ["id", "row", "accession", "file"])
        _append(path / LABELS, ["id", "boneage", "male"])
        _append(path / EXCLUSIONS, ["reason", "detail", "row", "films", "sex"])

    def add(self, outcome: Kept | Excluded) -> None:
        """One outcome: the image first, so that no line of the table is ever without its film."""
        if isinstance(outcome, Excluded):
            one, sex = outcome, "" if outcome.sex is None else outcome.sex.value
            _append(self.path / EXCLUSIONS, [one.reason.value, one.detail, one.row or "", " ".join(map(str, one.films)), sex])
            return
        _, data = cv2.imencode(".png", np.round(255 * outcome.pixels).astype(np.uint8))
        (self.path / f"{outcome.id}.png").write_bytes(data.tobytes())
        if self.key is not None:
            _append(self.key, [outcome.id, outcome.row.number, outcome.row.accession, str(outcome.scanned.path)])
        _append(self.path / LABELS, [outcome.id, f"{outcome.bone_age_months:g}", outcome.sex is Sex.MALE])


def _append(path: Path, cells: list[object]) -> None:
    with path.open("a", newline="", encoding="utf-8") as lines:
        csv.writer(lines, lineterminator="\n").writerow(cells)
