"""8. The formats of a report, and the one function that makes each of them from a reading and what stands beside it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from boneage.errors import BoneAgeError, Kind
from boneage.explain.heat import HeatMap
from boneage.extras import load
from boneage.report.derived import with_derived
from boneage.report.language import Language
from boneage.report.reading import Reading
from boneage.types import Image, Radiograph

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

Files = dict[str, bytes]  # by what stands behind the report's name: `.pdf`; several where a format has an object a heat map


class Format(str, Enum):
    """A format of a report, by the word that asks for it. In the order in which they are made: FHIR takes the PDF in."""

    TEXT = "text"
    HTML = "html"
    PDF = "pdf"
    JSON = "json"
    SR = "sr"  # DICOM structured report
    SC = "sc"  # DICOM secondary capture, the film with what was found drawn on it
    GSPS = "gsps"  # DICOM presentation state: what was found, to be laid over the film
    FHIR = "fhir"
    HL7 = "hl7"

    @property
    def suffix(self) -> str:
        """Of its file's name."""
        return _KINDS[self].suffix

    @property
    def media_type(self) -> str:
        return _KINDS[self].media_type

    @property
    def shows_film(self) -> bool:
        """Whether its pixels are needed."""
        return self in (Format.HTML, Format.PDF, Format.SC)

    @property
    def is_dicom(self) -> bool:
        return self in (Format.SR, Format.SC, Format.GSPS)


@dataclass(frozen=True)
class _Of:
    """What is known of a format; `module` of `extra` is what it cannot be made without."""

    suffix: str
    media_type: str
    module: str | None = None
    extra: str = ""


_KINDS = {
    Format.TEXT: _Of(".txt", "text/plain; charset=utf-8"),
    Format.HTML: _Of(".html", "text/html; charset=utf-8"),
    Format.PDF: _Of(".pdf", "application/pdf"),
    Format.JSON: _Of(".json", "application/json"),
    Format.SR: _Of(".sr.dcm", "application/dicom", "highdicom", "dicom"),
    Format.SC: _Of(".sc.dcm", "application/dicom", "highdicom", "dicom"),
    Format.GSPS: _Of(".gsps.dcm", "application/dicom", "highdicom", "dicom"),
    Format.FHIR: _Of(".fhir.json", "application/fhir+json", "fhir.resources.R4B.bundle", "dicom"),
    Format.HL7: _Of(".hl7", "x-application/hl7-v2+er7; charset=utf-8", "hl7apy.parser", "dicom"),
}
OF_REFUSED = frozenset({Format.TEXT, Format.HTML, Format.PDF, Format.JSON})  # what a refused film's reading may be written as


def _no_header() -> Dataset:
    raise BoneAgeError(
        Kind.UNSUPPORTED,
        came="a film without a DICOM header",
        expected="a film in DICOM, for a report in DICOM",
        todo="Give the film's DICOM file; the other report formats take any film.",
    )


@dataclass(frozen=True, eq=False)
class Beside:
    """What a format takes beside the reading."""

    film: Radiograph | None = None  # its pixels
    header: Callable[[], Dataset] = _no_header  # the film's own, without pixels; raises BoneAgeError where there is none
    maps: tuple[HeatMap, ...] = ()
    language: Language = Language.ENGLISH
    history: tuple[Reading, ...] = ()  # the patient's other readings, for the follow-up of page and PDF
    pdf: bytes | None = None  # goes into FHIR's report


def parse_formats(words: str) -> tuple[Format, ...]:
    """`sr,pdf` -> the formats, each once, in the order in which they are made. Raises BoneAgeError for another word."""
    asked = {word.strip().lower() for word in words.split(",")}
    known = {one.value for one in Format}
    if unknown := sorted(asked - known):
        raise BoneAgeError(
            Kind.BAD_OPTION,
            came=f"the report format {unknown[0]!r}",
            expected=", ".join(one.value for one in Format),
            todo="Write one or more of these words, with commas between them.",
        )
    return tuple(one for one in Format if one.value in asked)


def parse_language(word: str) -> Language:
    """The --language option. Raises BoneAgeError for a language without a catalog."""
    try:
        return Language(word.lower())
    except ValueError:
        raise BoneAgeError(
            Kind.BAD_OPTION,
            came=f"the language {word!r}",
            expected=", ".join(one.value for one in Language),
            todo="Write one of these words.",
        ) from None


def need(formats: Iterable[Format]) -> None:
    """Before the first film, not on each. Raises BoneAgeError that names the extra which a format cannot be made without."""
    for one in formats:
        if (module := _KINDS[one].module) is not None:
            load(module, _KINDS[one].extra)
        if one is Format.PDF:  # its library loads what is no Python package, and says so only now
            from boneage.report.pdf import to_pdf

            to_pdf("<html lang=en><title>Empty</title></html>")


def make(form: Format, reading: Reading, beside: Beside) -> Files:
    """A report's files, its own first. Raises BoneAgeError where the film cannot give this format, or an extra is missing."""
    return _MAKERS[form](reading, beside)


def make_all(formats: Iterable[Format], reading: Reading, beside: Beside) -> dict[Format, Files | BoneAgeError]:
    """Each format's files, or why the film cannot give it; the PDF, where it is asked for, goes into FHIR's report too."""
    made: dict[Format, Files | BoneAgeError] = {}
    for one in sorted(formats, key=list(Format).index):
        pdf = made.get(Format.PDF)
        try:
            made[one] = make(one, reading, replace(beside, pdf=pdf[Format.PDF.suffix]) if isinstance(pdf, dict) else beside)
        except BoneAgeError as error:
            made[one] = error
        except (ArithmeticError, ValueError, TypeError, LookupError, AttributeError) as error:  # ours to mend, the rest goes on
            made[one] = _internal(one, error)
    return made


def _internal(form: Format, error: Exception) -> BoneAgeError:
    """Only the type is told: the text may carry what stands in the film's header."""
    return BoneAgeError(
        Kind.INTERNAL,
        came=f"an internal {type(error).__name__} in the {form.value} report",
        expected="a report",
        todo="Please report it, with a film like this one that may be shared.",
    )


def _words(reading: Reading, beside: Beside) -> str:
    from boneage.report.text import to_text

    return to_text(reading, beside.language)


def _text(reading: Reading, beside: Beside) -> Files:
    return {Format.TEXT.suffix: _words(reading, beside).encode()}


def _page(reading: Reading, beside: Beside) -> str:
    from boneage.report.document import to_html

    pixels = None if beside.film is None else beside.film.pixels
    return to_html(reading, beside.language, pixels=pixels, maps=beside.maps, history=beside.history)


def _html(reading: Reading, beside: Beside) -> Files:
    return {Format.HTML.suffix: _page(reading, beside).encode()}


def _pdf(reading: Reading, beside: Beside) -> Files:
    from boneage.report.pdf import to_pdf

    return {Format.PDF.suffix: to_pdf(_page(reading, beside))}


def _json(reading: Reading, beside: Beside) -> Files:
    return {Format.JSON.suffix: (json.dumps(with_derived(reading, beside.language), allow_nan=False) + "\n").encode("ascii")}


def _hl7(reading: Reading, beside: Beside) -> Files:
    from boneage.report.hl7 import hl7_message

    return {Format.HL7.suffix: hl7_message(reading, language=beside.language, text=_words(reading, beside)).encode()}


def _fhir(reading: Reading, beside: Beside) -> Files:
    from boneage.report.fhir import fhir_bundle

    made = fhir_bundle(reading, language=beside.language, text=_words(reading, beside), pdf=beside.pdf)
    return {Format.FHIR.suffix: (made + "\n").encode()}


def _sr(reading: Reading, beside: Beside) -> Files:
    from boneage.report.dicom import structured_report, to_bytes

    return {Format.SR.suffix: to_bytes(structured_report(reading, beside.header()))}


def _sc(reading: Reading, beside: Beside) -> Files:
    """The film with what was found, then a capture a heat map."""
    from boneage.report.dicom import capture, to_bytes

    own = {Format.SC.suffix: to_bytes(capture(reading, beside.header(), _pixels(beside)))}
    return own | map_captures(reading, beside)


def map_captures(reading: Reading, beside: Beside) -> Files:
    """A capture a heat map, without that of what was found. Raises BoneAgeError as `make` does."""
    from boneage.report.dicom import map_capture, to_bytes

    made: Files = {}
    for number, one in enumerate(beside.maps, start=1):
        name = f"-{one.name.replace(' ', '-')}{Format.SC.suffix}"
        made[name] = to_bytes(map_capture(reading, beside.header(), _pixels(beside), one, number=number))
    return made


def _gsps(reading: Reading, beside: Beside) -> Files:
    from boneage.report.dicom import presentation_state, to_bytes

    return {Format.GSPS.suffix: to_bytes(presentation_state(reading, beside.header()))}


def _pixels(beside: Beside) -> Image:
    if beside.film is None:
        raise BoneAgeError(
            Kind.UNSUPPORTED,
            came="a capture without the film's pixels",
            expected="the film beside its reading",
            todo="Give the film that was read.",
        )
    return beside.film.pixels


_MAKERS: dict[Format, Callable[[Reading, Beside], Files]] = {
    Format.TEXT: _text,
    Format.HTML: _html,
    Format.PDF: _pdf,
    Format.JSON: _json,
    Format.SR: _sr,
    Format.SC: _sc,
    Format.GSPS: _gsps,
    Format.FHIR: _fhir,
    Format.HL7: _hl7,
}
