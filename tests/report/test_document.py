"""Laws of the page and its PDF: whole in itself, harmless whatever a header holds, the same for every language."""

from __future__ import annotations

import re
import shutil
import subprocess
import zlib
from base64 import b64decode
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest

from boneage.errors import BoneAgeError, Kind
from boneage.explain.heat import HeatMap
from boneage.explain.overlay import draw_overlay
from boneage.geometry import PixelMap
from boneage.report.document import map_caption, to_html
from boneage.report.language import Language, age, say, told
from boneage.report.pdf import Paper, to_pdf
from boneage.report.reading import Decision, Film, Reading, Refusal, Status, readings_of
from boneage.types import Assessment, Estimate, Flag, Identity, Sex

AT = datetime(2026, 11, 21, 9, 5, tzinfo=UTC)
Make = Callable[..., Assessment]
MakeEstimate = Callable[..., Estimate]
EN = Language.ENGLISH
HOSTILE = [
    "<script>alert(1)</script>^X",
    '"><img src=x onerror=alert(1)>^X',
    "</style><style>*{display:none}^X",
    "{{ 7 * 7 }}^{% include 'page.css' %}",
    "\u202egnp.exe^\u2066X",
    "a&amp;b^'\"",
    "javascript:alert(1)^X",
    "\x00\x07\ud800^X",
]


class Page(HTMLParser):
    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())


def bare(sentence: str) -> str:
    return " ".join(sentence.split())


@pytest.fixture
def reading(assessment: Make, estimate: MakeEstimate) -> Reading:
    made = assessment(estimate(Sex.FEMALE, 99.0), chronological_age_months=102.0, study_date="2026-11-20")
    return readings_of(made, uids=("2.25.1",), at=AT, height_cm=131.5)[0]


def signed(reading: Reading, months: float, status: Status = Status.SIGNED) -> Reading:
    before = None if status is Status.SIGNED else "2.25.77"
    return replace(reading, status=status, predecessor=before, decision=Decision("Dr. A", AT, months, reason="seen again"))


def a_map(name: str = "occlusion", unit: str = "months") -> HeatMap:
    values = np.zeros((20, 16), np.float32)
    values[8:12, 6:10] = 4
    return HeatMap(name, values, PixelMap.resize((20, 16), (220, 160)), "what moves the answer", unit, ("a",))


@pytest.mark.parametrize("language", Language)
def test_every_language_tells_the_answer(reading: Reading, assessment: Make, language: Language) -> None:
    page = Page(to_html(reading, language, pixels=assessment().radiograph.pixels))
    for words in (
        age(language, 99), say(language, "title"), told(language, Status.UNVERIFIED), say(language, "told_unverified"),
        say(language, "limits"), say(language, "not_a_device"), "DOE, JANE", "MRN-4711", "reference-2026-11",
    ):  # fmt: skip
        assert bare(words) in page.text, words
    assert next(attrs for tag, attrs in page.tags if tag == "html")["lang"] == language.tag


def test_the_page_is_whole_in_itself(reading: Reading, assessment: Make) -> None:
    source = to_html(
        signed(reading, 99),
        EN,
        pixels=assessment().radiograph.pixels,
        maps=[a_map(), a_map("activation")],
        history=[_earlier(reading)],
    )
    page = Page(source)
    assert not {"script", "link", "iframe", "object", "form", "base", "a"} & {tag for tag, _ in page.tags}
    assert not any(word in source for word in ("http://", "https://", "@import", "url("))
    images = [attrs for tag, attrs in page.tags if tag == "img"]
    assert len(images) == 3
    for attrs in images:
        assert attrs["alt"]
        assert (attrs["src"] or "").startswith("data:image/jpeg;base64,")
    assert "None" not in page.text


def test_the_picture_is_the_overlay_of_the_stages(reading: Reading, assessment: Make) -> None:
    made = assessment()
    shown = _first_picture(to_html(reading, EN, pixels=made.radiograph.pixels))
    assert np.abs(shown.astype(int) - draw_overlay(made)).mean() < 4
    coarse = np.asarray(np.rint(made.radiograph.pixels * 255), np.uint8)
    assert np.abs(shown.astype(int) - _first_picture(to_html(reading, EN, pixels=coarse))).mean() < 2


def test_pixels_that_are_not_one_gray_film_are_an_error(reading: Reading) -> None:
    for pixels in (np.zeros((4, 4, 3), np.uint8), np.zeros((0, 4), np.float32)):
        with pytest.raises(ValueError, match="gray pixels"):
            to_html(reading, EN, pixels=pixels)


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize(
    "where", ["patient_name", "patient_id", "accession_number", "id_issuer", "birth_date", "reader", "reason", "came"]
)
def test_nothing_in_a_header_is_obeyed(reading: Reading, name: str, where: str) -> None:
    plain = Page(to_html(_with(reading, where, "Plain^X"), EN))
    page = Page(to_html(_with(reading, where, name), EN))
    assert [tag for tag, _ in page.tags] == [tag for tag, _ in plain.tags]
    assert [set(attrs) for _, attrs in page.tags] == [set(attrs) for _, attrs in plain.tags]
    assert not set(page.text) & set("\u202e\u2066\x00\x07\ud800")


def test_of_a_refused_film_there_is_no_number(reading: Reading) -> None:
    refused = replace(reading, estimate=None, refusal=Refusal(Kind.NO_HAND, "a chest", "a hand", "Give a hand."), drawing=None)
    page = Page(to_html(refused, EN))
    for words in (say(EN, "bone_age_none"), told(EN, Kind.NO_HAND), "a chest", say(EN, "refused_unread")):
        assert words in page.text
    assert "8 years 3 months" not in page.text
    assert page.text.count("SD score") == 1  # in the sentence that says why there is none
    by_hand = Page(to_html(signed(refused, 96), EN))
    assert "8 years 0 months" in by_hand.text
    assert say(EN, "read_by_hand") in by_hand.text


def test_a_withdrawn_reading_is_struck_out(reading: Reading) -> None:
    page = Page(to_html(signed(reading, 99, Status.WITHDRAWN), EN))
    assert any(tag == "s" for tag, _ in page.tags)
    for words in ("Withdrawn by Dr. A", "seen again", "2.25.77"):
        assert words in page.text
    for words in ("SD score", "Predicted adult height", "prediction interval"):
        assert words not in page.text


def test_the_systems_own_answer_stands_beside_a_changed_one(reading: Reading) -> None:
    page = Page(to_html(signed(reading, 120, Status.AMENDED), EN))
    for words in ("10 years 0 months", say(EN, "changed"), say(EN, "system_answer"), "8 years 3 months", "Amended by Dr. A"):
        assert words in page.text


def test_the_follow_up_is_shown_where_there_is_one(reading: Reading) -> None:
    alone = Page(to_html(reading, EN, history=[reading]))
    assert say(EN, "trend") not in alone.text
    page = Page(to_html(reading, EN, history=[_earlier(reading)]))
    assert say(EN, "trend") in page.text
    assert sum(tag == "circle" for tag, _ in page.tags) == 2 + 3  # the readings, the legend
    other = replace(_earlier(reading), identity=Identity("DOE^JANE", "MRN-9"))
    with pytest.raises(BoneAgeError, match="more than one patient"):
        to_html(reading, EN, history=[other])


@pytest.mark.parametrize("language", Language)
def test_maps_are_told_in_the_reports_language(language: Language) -> None:
    known = map_caption(a_map(), language)
    assert bare(say(language, "map_occlusion")) in bare(known)
    assert "4.0" in known or "4,0" in known
    assert "saliency" in map_caption(a_map("saliency", "probability"), language)


# the PDF

# WeasyPrint leaves the file of its color profile open for a moment
pytestmark = pytest.mark.filterwarnings(r"ignore:unclosed file .*sRGB2014:ResourceWarning")


@pytest.fixture
def pango() -> None:
    try:
        pytest.importorskip("weasyprint", reason="the report extra is not installed", exc_type=ImportError)
    except OSError:
        pytest.skip("Pango is not installed (Debian: libpango-1.0-0 libpangoft2-1.0-0)")


def test_the_pdf_is_one_page_with_its_title_and_language(reading: Reading, assessment: Make, pango: None, tmp_path: Path) -> None:
    written = to_pdf(to_html(reading, Language.GERMAN, pixels=assessment().radiograph.pixels))
    assert written.startswith(b"%PDF-1.7")
    assert re.search(rb"/Lang\s*\(de\)", _unpacked(written))
    assert b"pdfaid" in _unpacked(written)
    info, text = _read(written, tmp_path)
    assert re.search(r"Pages:\s+1\b", info)
    assert re.search(r"Title:\s+Knochenalterbefund", info)
    assert re.search(r"Tagged:\s+yes", info)
    assert "JavaScript:      no" in info
    assert "8 Jahre 3 Monate" in text
    assert "Seite 1 von 1" in text
    assert "DOE, JANE, MRN-4711" in text


@pytest.mark.parametrize("paper", Paper)
def test_the_paper_is_the_one_that_was_asked_for(reading: Reading, paper: Paper, pango: None, tmp_path: Path) -> None:
    info, _ = _read(to_pdf(to_html(reading, EN), paper=paper), tmp_path)
    assert ("A4" if paper is Paper.A4 else "letter") in info


def test_chinese_comes_out_where_a_font_has_it(reading: Reading, pango: None, tmp_path: Path) -> None:
    if not shutil.which("fc-list") or not subprocess.run(["fc-list", ":lang=zh-cn"], capture_output=True, check=True).stdout:
        pytest.skip("no font with Chinese is installed (Debian: fonts-noto-cjk)")
    named = replace(reading, identity=Identity("Wang^Xiao Dong=王^小东", "1"))
    _, text = _read(to_pdf(to_html(named, Language.CHINESE)), tmp_path)
    assert "8岁3个月" in text
    assert "王 小东" in text


def test_a_character_without_a_font_is_an_error_that_does_not_tell_it(reading: Reading, pango: None) -> None:
    named = replace(reading, identity=Identity("DOE\ue123^JANE", "1"))
    with pytest.raises(BoneAgeError, match="no font") as caught:
        to_pdf(to_html(named, EN))
    assert "\ue123" not in str(caught.value)
    assert "DOE" not in str(caught.value)


def test_the_pdf_fetches_nothing(pango: None, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret words")
    link = secret.as_uri()
    html = f'<html lang="en"><title>t</title><a rel="attachment" href="{link}">b</a><img alt="" src="{link}">'
    assert b"secret" not in _unpacked(to_pdf(html)).replace(link.encode(), b"")


def _unpacked(pdf: bytes) -> bytes:
    """The file with its compressed streams opened."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
    return pdf + b"".join(zlib.decompressobj().decompress(one) for one in streams if one[:1] == b"x")


def _read(pdf: bytes, folder: Path) -> tuple[str, str]:
    if not shutil.which("pdfinfo"):
        pytest.skip("pdfinfo and pdftotext are not installed (Debian: poppler-utils)")
    path = folder / "report.pdf"
    path.write_bytes(pdf)
    asked = (["pdfinfo", str(path)], ["pdftotext", "-layout", str(path), "-"])
    info, text = (subprocess.run(one, capture_output=True, check=True, text=True).stdout for one in asked)
    return info, text


def _earlier(reading: Reading) -> Reading:
    film = Film("cd" * 32, (10, 10), study_date="2025-11-20")
    return replace(reading, uid="2.25.2", film=film, chronological_age_months=90.0, flags=frozenset({Flag.MIRRORED}))


def _with(reading: Reading, where: str, words: str) -> Reading:
    if where == "came":
        return replace(reading, estimate=None, refusal=Refusal(Kind.NO_HAND, words, "a hand", "Give a hand."))
    if where in ("reader", "reason"):
        decision = replace(signed(reading, 120).decision, **{where: words})  # type: ignore[type-var]
        return replace(reading, status=Status.SIGNED, decision=decision)
    return replace(reading, identity=replace(reading.identity, **{where: words}))


def _first_picture(source: str) -> np.ndarray:
    src = next(attrs["src"] for tag, attrs in Page(source).tags if tag == "img") or ""
    coded = np.frombuffer(b64decode(src.partition(",")[2]), np.uint8)
    shown = cv2.imdecode(coded, cv2.IMREAD_COLOR)
    assert shown is not None
    return shown[..., ::-1]
