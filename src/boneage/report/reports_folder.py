"""The reports of a batch: a folder a film by its place in the batch, never by the patient's name, a file a format and sex."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boneage.clinical.height import check_height
from boneage.errors import BoneAgeError, Kind
from boneage.explain.heat import HeatMap
from boneage.pipeline import Failure, SexChoice
from boneage.read import read
from boneage.read.source import load
from boneage.report.folder import claim, writing
from boneage.report.formats import OF_REFUSED, Beside, Format, make_all, need, parse_formats, parse_language
from boneage.report.language import Language
from boneage.report.reading import Film, Reading, Refusal, readings_of
from boneage.report.record import error_record
from boneage.systems import System
from boneage.types import Assessment, Radiograph, Sex, SexSource

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

REPORTS = "reports"  # the folder's name within that of the answers


@dataclass(frozen=True)
class Order:
    """What is asked for of each film."""

    formats: tuple[Format, ...]
    language: Language = Language.ENGLISH
    height_cm: float | None = None
    sex: SexChoice = None

    def __post_init__(self) -> None:
        if self.height_cm is not None:
            check_height(self.height_cm)


def parse_order(
    words: str | None, *, language: str | None, height_cm: float | None, sex: SexChoice, out: Path | None
) -> Order | None:
    """The options of the command line; None: no reports are asked for. Raises BoneAgeError."""
    if words is None:
        if language is not None or height_cm is not None:
            raise _incomplete(
                "--language or --height without --report", "--report FORMAT[,FORMAT...]: they stand in reports only"
            )
        return None
    if out is None:
        raise _incomplete("--report without --out", "--out DIR, the folder for the reports")
    return Order(parse_formats(words), parse_language(language or Language.ENGLISH.value), height_cm, sex)


class ReportsFolder:
    """Written as the answers come. It keeps nothing between films."""

    def __init__(self, out: Path, order: Order) -> None:
        """Takes away what an earlier run left. Raises BoneAgeError where the folder cannot be had, or an extra is missing."""
        need(order.formats)
        self.out, self.order, self._films = out, order, 0
        claim(out)
        with writing(out):
            for old in (out / REPORTS).glob("[0-9]*/report*"):
                old.unlink()

    def add(
        self, file: Path, outcome: Assessment | Failure, system: System, maps: tuple[HeatMap, ...] = ()
    ) -> list[dict[str, Any]]:
        """The next film of the batch: a line for each report, with its file's name or why the film cannot give it."""
        self._films += 1
        order = self.order
        if isinstance(outcome, Failure):
            film = _readable(file)
            if film is None:
                return []
            refused = _refused(film, outcome.error, system, order)
            formats = [one for one in order.formats if one in OF_REFUSED]
            return self._write(refused, formats, Beside(film=film, language=order.language), name="report")
        uids = tuple(_new_uid() for _ in outcome.estimates)
        readings = readings_of(outcome, uids=uids, at=datetime.now().astimezone(), height_cm=order.height_cm)
        header = partial(_header, file)
        lines = []
        for reading in readings:
            told = reading.sex is not None and len(readings) > 1
            own = _maps_of(reading.sex, maps) if told else maps
            beside = Beside(film=outcome.radiograph, header=header, maps=own, language=order.language)
            lines += self._write(reading, order.formats, beside, name=f"report-{_word(reading.sex)}" if told else "report")
        return lines

    def _write(self, reading: Reading, formats: Iterable[Format], beside: Beside, *, name: str) -> list[dict[str, Any]]:
        lines = []
        for form, made in make_all(formats, reading, beside).items():
            line: dict[str, Any] = {"format": form.value, "sex": _word(reading.sex), "file": None, "error": None}
            if isinstance(made, BoneAgeError):
                lines.append(line | {"error": error_record(made)})
                continue
            for suffix, data in made.items():
                path = f"{REPORTS}/{self._films:04d}/{name}{suffix}"
                with writing(self.out):
                    (self.out / path).parent.mkdir(parents=True, exist_ok=True)
                    (self.out / path).write_bytes(data)
                lines.append(line | {"file": path})
        return lines


def _maps_of(sex: Sex | None, maps: tuple[HeatMap, ...]) -> tuple[HeatMap, ...]:
    """Those of one sex, of two that were asked for; the sex stands in their names then, and in the report anyway."""
    end = f" {_word(sex)}"
    return tuple(replace(one, name=one.name.removesuffix(end)) for one in maps if one.name.endswith(end))


def _incomplete(came: str, expected: str) -> BoneAgeError:
    return BoneAgeError(Kind.BAD_OPTION, came=came, expected=expected, todo="Give both, or neither.")


def _readable(file: Path) -> Radiograph | None:
    """A refused film's pixels and header; None: it was refused because it cannot be read."""
    try:
        return read(file)
    except BoneAgeError:
        return None


def _refused(film: Radiograph, error: BoneAgeError, system: System, order: Order) -> Reading:
    sex, source = film.sex, SexSource.HEADER if film.sex else SexSource.UNUSED
    if isinstance(order.sex, Sex):
        sex, source = order.sex, SexSource.OPTION
    elif order.sex is not None:
        sex, source = None, SexSource.BOTH
    return Reading(
        uid=_new_uid(),
        made_at=datetime.now().astimezone(),
        identity=film.identity,
        film=Film(film.sha256, film.size, film.spacing_mm, film.side, film.study_date),
        sex=sex,
        sex_source=source,
        chronological_age_months=film.chronological_age_months,
        system=system.name,
        weights=system.weights,
        estimate=None,
        refusal=Refusal.of(error),
        flags=film.flags,
        height_cm=order.height_cm,
    )


def _header(file: Path) -> Dataset:
    from boneage.report.dicom import film_header

    return film_header(load(file))


def _new_uid() -> str:
    """Random, under the root that needs no registration (DICOM PS3.5, B.2)."""
    from pydicom.uid import generate_uid

    return str(generate_uid(prefix=None))


def _word(sex: Sex | None) -> str | None:
    return None if sex is None else sex.value
