"""A received file becomes a line of the worklist: first safely in the spool, then in the database, then its sender is told."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import date
from re import fullmatch

from boneage.clinical.height import check_height
from boneage.errors import BoneAgeError, Kind
from boneage.read.dataset import parse
from boneage.read.header import DAYS_PER_MONTH, read_header, scanner_of
from boneage.read.limits import check_bytes
from boneage.read.quiet import quiet
from boneage.read.sniff import Format, describe, sniff
from boneage.read.tags import Tags
from boneage.serve.mapping import Mapping
from boneage.serve.retention import clear
from boneage.serve.spool import Spool
from boneage.serve.states import Origin
from boneage.serve.store.records import Arrival
from boneage.serve.store.worklist import Received, Worklist
from boneage.types import Identity, Sex

NOBODY = Identity()


@dataclass(frozen=True)
class Given:
    """What the sender says beside the file. Of a DICOM film the header's identity wins."""

    identity: Identity = NOBODY
    study_date: str | None = None  # ISO 8601
    sex: Sex | None = None
    height_cm: float | None = None

    def __post_init__(self) -> None:
        if self.height_cm is not None:
            check_height(self.height_cm)
        for day in filter(None, (self.study_date, self.identity.birth_date)):
            if not _is_day(day):  # never the text: it may be anything
                raise BoneAgeError(
                    Kind.BAD_OPTION,
                    came="a date that is none",
                    expected="a date such as 2014-01-31",
                    todo="Correct the date of birth or of the study, or leave it out.",
                )


@dataclass(frozen=True)
class Intake:
    """The one door that all films come through."""

    spool: Spool
    worklist: Worklist
    mapping: Mapping

    def take(self, data: bytes, *, origin: Origin, sender: str, given: Given | None = None) -> Received:
        """Keeps a file for ever or raises BoneAgeError; where it returns, the film cannot be lost any more.

        Films of the archive that the site's mapping does not count are kept as left alone; an upload is always read.
        """
        check_bytes(len(data))
        arrival = self._describe(data, origin, sender, given or Given())
        kept = self.spool.put(data)
        received = self.worklist.receive(replace(arrival, file=kept.name, file_sha256=kept.sha256))
        if received.file != kept.name:
            self.spool.remove(kept.name)
        return received

    def adopt(self) -> int:
        """What lies in the spool without a line, at the start of the only server of a folder; how many films came of it.

        A film of an archive becomes a line: its sender was not told, but may not try again. Of an upload somebody
        saw the error, and what was said beside it is gone; it is removed, as is what was to be forgotten.
        """
        clear(self.worklist, self.spool)
        return sum(self._adopt(name) for name in self.spool.orphans(self.worklist.files()))

    def _adopt(self, name: str) -> bool:
        data = self.spool.read(name)
        try:
            arrival = self._describe(data, Origin.STORED, "recovered", Given())
            if not arrival.identity.sop_uid:
                raise _not_a_film(data)
        except BoneAgeError:
            self.spool.remove(name)
            return False
        received = self.worklist.receive(replace(arrival, file=name, file_sha256=hashlib.sha256(data).hexdigest()))
        if received.file != name:
            self.spool.remove(name)
        return received.new

    def _describe(self, data: bytes, origin: Origin, sender: str, given: Given) -> Arrival:
        blank = Arrival("", "", origin, sender, given.identity, given.study_date, given.sex, given.height_cm)
        match sniff(data):
            case Format.DICOM:
                return self._of_header(data, blank)
            case Format.UNKNOWN:
                raise _not_a_film(data)
            case _:
                return blank

    def _of_header(self, data: bytes, blank: Arrival) -> Arrival:
        with quiet():
            dataset, _ = parse(data)
            header = read_header(Tags(dataset))
            scanner = scanner_of(Tags(dataset))
            counts = blank.origin not in (Origin.STORED, Origin.PULLED) or self.mapping.counts(dataset)
        return replace(
            blank,
            identity=header.identity,
            study_date=header.study_date,
            sex=blank.sex or header.sex,
            scanner=scanner,
            left_alone=not counts,
        )


def age_months(birth_date: str, study_date: str | None) -> float | None:
    """Of two ISO dates; None where one is absent or they are the wrong way round."""
    try:
        days = (date.fromisoformat(study_date or "") - date.fromisoformat(birth_date)).days
    except ValueError:
        return None
    return days / DAYS_PER_MONTH if days >= 0 else None


def _is_day(text: str) -> bool:
    try:
        return bool(fullmatch(r"\d{4}-\d\d-\d\d", text) and date.fromisoformat(text))
    except ValueError:
        return False


def _not_a_film(data: bytes) -> BoneAgeError:
    return BoneAgeError(
        Kind.NOT_AN_IMAGE,
        came=describe(data),
        expected="a radiograph as DICOM, PNG, JPEG, TIFF, WebP, BMP or GIF",
        todo="Export the film in one of these formats.",
    )
