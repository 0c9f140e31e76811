"""The report's page as PDF/A-2a by WeasyPrint: tagged, fonts inside, nothing fetched."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Any

from boneage.errors import BoneAgeError, Kind
from boneage.extras import load

VARIANT = "pdf/a-2a"  # an archive's form: tagged for readers' software, readable without this machine's fonts
_MISSING = ".notdef glyph"  # how WeasyPrint's log says that no font has a character


class Paper(str, Enum):
    """What the PDF is printed on."""

    A4 = "A4"
    LETTER = "letter"


def to_pdf(html: str, *, paper: Paper = Paper.A4) -> bytes:
    """The page of `document.to_html` as a PDF.

    Raises BoneAgeError without the report extra, without Pango, and where no installed font has a character of the page: a
    report with boxes in place of a name would be worse than none.
    """
    weasyprint = _weasyprint()
    fetcher = weasyprint.URLFetcher(allowed_protocols=("data",))
    sheet = weasyprint.CSS(string=f"@page {{ size: {paper.value} portrait }}", url_fetcher=fetcher)
    with _told_of_missing_glyphs():
        page = weasyprint.HTML(string=html, url_fetcher=fetcher, media_type="print")
        written: bytes = page.write_pdf(stylesheets=[sheet], pdf_variant=VARIANT, custom_metadata=True)
    return written


def _weasyprint() -> Any:
    try:
        return load("weasyprint", "report")
    except OSError as error:  # Pango is not a Python package
        raise BoneAgeError(
            Kind.MISSING_EXTRA,
            came="the library Pango cannot be loaded",
            expected="Pango 1.44 or later, which makes the PDF",
            todo="Install it, on Debian: apt install libpango-1.0-0 libpangoft2-1.0-0",
        ) from error


@contextmanager
def _told_of_missing_glyphs() -> Iterator[None]:
    """WeasyPrint draws a box and logs it: here it is an error. The error names no character: it may be of a name."""
    log, seen = logging.getLogger("weasyprint"), _Seen()
    handlers, passes = log.handlers[:], log.propagate
    log.handlers, log.propagate = [seen], False
    try:
        yield
    finally:
        log.handlers, log.propagate = handlers, passes
    if seen.missing:
        raise BoneAgeError(
            Kind.MISSING_EXTRA,
            came="a report with characters that no font of this machine has",
            expected="fonts for the report's language and the patient's name",
            todo="Install them, on Debian: apt install fonts-noto-core fonts-noto-cjk",
        )


class _Seen(logging.Handler):
    """Keeps whether a glyph was missing, nothing else: what WeasyPrint logs may quote the page."""

    missing = False

    def emit(self, record: logging.LogRecord) -> None:
        self.missing |= str(record.msg).startswith(_MISSING)
