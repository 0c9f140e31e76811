"""The folder keeps what came, and its page says it."""

import dataclasses
import json
import os
from collections.abc import Callable
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from boneage.errors import BoneAgeError, Kind
from boneage.pipeline import Failure
from boneage.report.folder import ANSWERS, PAGE, PICTURES, ReportFolder
from boneage.report.record import to_record
from boneage.report.truth import write_truth
from boneage.report.words import flag_words
from boneage.systems import REFERENCE
from boneage.types import Assessment, Estimate, Flag, Sex

Make = Callable[..., Assessment]
MakeEstimate = Callable[..., Estimate]
VOID = {"meta", "img", "br", "link", "path", "rect"}


class Page(HTMLParser):
    """The page as a browser sees it: text, links, tags; complains of tags that do not close."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.source = path.read_text(encoding="utf-8")
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(self.source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())

    def links(self) -> list[str]:
        return [value for _, attrs in self.tags for name, value in attrs.items() if name in ("href", "src") and value]


def failure(kind: Kind = Kind.NO_HAND, came: str = "a chest") -> Failure:
    return Failure(BoneAgeError(kind, came=came, expected="a hand", todo="Give a hand."), 0.01)


def report(path: Path, outcomes: dict[str, Assessment | Failure], title: str = "Bone age") -> Page:
    folder = ReportFolder(path, title)
    for file, outcome in outcomes.items():
        folder.add(to_record(file, outcome, REFERENCE), outcome)
    assert folder.close() == path / PAGE
    return Page(path / PAGE)


def test_the_page_says_the_answer_in_words(tmp_path: Path, assessment: Make, estimate: MakeEstimate) -> None:
    girl = assessment(estimate(Sex.FEMALE, 99.0), chronological_age_months=90.0)
    page = report(tmp_path, {"films/girl.dcm": girl, "chest.png": failure()})
    for words in (
        "2 films, 1 read, 1 not read", "films/girl.dcm", "8 years 3 months",
        "99.0 months, 90 % interval 81 to 117 months", "6 years 9 months to 9 years 9 months",
        "Female, as the film's header says", "7 years 6 months", "reference-2026-11", "a-2026-11, b-2026-11", "0.12 s",
        "Not read: no hand", "a chest", "a hand", "Give a hand.", "Research use, not a medical device. Unverified.",
    ):  # fmt: skip
        assert words in page.text, words


def test_every_interval_stands_in_the_record_and_on_the_page(tmp_path: Path, assessment: Make, estimate: MakeEstimate) -> None:
    page = report(tmp_path, {"a.png": assessment(estimate(Sex.FEMALE, 100.0, spread=10.0))})
    assert "80 % 85 to 115 months, 95 % 75 to 125 months" in page.text
    record = json.loads((tmp_path / ANSWERS).read_text())
    assert [one["coverage"] for one in record["intervals"]] == [0.8, 0.9, 0.95]
    assert record["intervals"][1]["months"] == record["interval_months"] == [80.0, 120.0]
    assert record["estimates"][0]["intervals"] == record["intervals"]


def test_films_that_ask_for_a_second_look_are_listed(tmp_path: Path, assessment: Make, estimate: MakeEstimate) -> None:
    wide = assessment(estimate(Sex.MALE, 100.0, flags=frozenset({Flag.WIDE_INTERVAL})))
    page = report(tmp_path, {"sure.png": assessment(), "unsure.png": wide, "chest.png": failure()})
    assert "Second look: unsure.png" in page.text
    assert "Second look" not in report(tmp_path / "alone", {"a.png": assessment(), "b.png": assessment()}).text


def test_both_sexes_stand_side_by_side(tmp_path: Path, assessment: Make, estimate: MakeEstimate) -> None:
    page = report(tmp_path, {"a.png": assessment(estimate(Sex.FEMALE, 99.0), estimate(Sex.MALE, 111.0))})
    assert "Bone age if female" in page.text
    assert "8 years 3 months" in page.text
    assert "Bone age if male" in page.text
    assert "9 years 3 months" in page.text
    assert sum(tag == "svg" for tag, _ in page.tags) == 2


def test_a_system_that_takes_no_sex_has_one_answer_of_none(tmp_path: Path, assessment: Make, estimate: MakeEstimate) -> None:
    made = assessment(estimate(None, 99.0, flags=frozenset({Flag.BELOW_RANGE})))
    page = report(tmp_path, {"a.png": made})
    assert "Not asked for, this system takes no sex" in page.text
    assert "Bone age if" not in page.text
    record = json.loads((tmp_path / ANSWERS).read_text())
    assert (record["sex"], record["sex_source"], record["bone_age_months"]) == (None, "unused", 99.0)
    assert record["flags"] == [Flag.BELOW_RANGE.value]
    assert [one["sex"] for one in record["estimates"]] == [None]


def test_a_film_where_no_hand_was_looked_for_has_a_page_too(tmp_path: Path, assessment: Make) -> None:
    made = assessment()
    bare = dataclasses.replace(made, prepared=dataclasses.replace(made.prepared, hand=None))
    report(tmp_path, {"a.png": bare})
    assert json.loads((tmp_path / ANSWERS).read_text())["presence"] is None


def test_flags_of_the_film_and_of_the_estimate_are_told_once_each(
    tmp_path: Path, assessment: Make, estimate: MakeEstimate
) -> None:
    made = assessment(estimate(Sex.MALE, 20.0, flags=frozenset({Flag.NEAR_RANGE_END})), flags=frozenset({Flag.MIRRORED}))
    page = report(tmp_path, {"a.png": made})
    for flag in Flag:
        assert page.text.count(flag_words(flag)) == (flag in (Flag.NEAR_RANGE_END, Flag.MIRRORED))


def test_the_band_is_the_interval(tmp_path: Path, assessment: Make, estimate: MakeEstimate) -> None:
    page = report(tmp_path, {"a.png": assessment(estimate(Sex.MALE, 120.0, spread=12.0))})
    band = next(attrs for tag, attrs in page.tags if tag == "rect")
    assert float(band["x"] or "nan") == 400.0
    assert float(band["width"] or "nan") == 200.0


@pytest.mark.parametrize(
    "name",
    ["<script>alert(1)</script>.png", 'a" onload="x.png', "a&amp;b.png", "{{ 7 * 7 }}.png", "two  spaces.png", "Händchen 手.dcm"],
)
def test_file_names_are_shown_as_given_and_never_obeyed(tmp_path: Path, assessment: Make, name: str) -> None:
    page = report(tmp_path, {name: assessment(), f"x/{name}": failure(came=f"{name!r}: nothing")})
    shown = ["".join(page.words)]
    assert shown[0].count(name) >= 4  # in the overview and at the film, twice
    assert not any(tag == "script" for tag, _ in page.tags)
    assert not any(key.startswith("on") for _, attrs in page.tags for key in attrs)


def test_a_name_that_is_no_text_does_not_stop_the_page(tmp_path: Path, assessment: Make) -> None:
    name = os.fsdecode(b"f\xff\xfe.png")
    page = report(tmp_path, {name: assessment()})
    assert "f&#" in page.source
    assert json.loads((tmp_path / ANSWERS).read_text())["file"] == name


def test_nothing_is_fetched_from_elsewhere_and_every_picture_is_there(tmp_path: Path, assessment: Make) -> None:
    page = report(tmp_path, {"a.png": assessment(), "b.png": failure(), "c.png": assessment()})
    assert not any(word in page.source for word in ("http://", "https://", "//cdn", "@import", "url(", "<script", "<link"))
    anchors = {attrs["id"] for _, attrs in page.tags if attrs.get("id")}
    for link in page.links():
        assert link[1:] in anchors if link.startswith("#") else (tmp_path / link).is_file(), link
    images = [attrs for tag, attrs in page.tags if tag == "img"]
    assert len(images) == 4
    assert all(attrs["alt"] for attrs in images)
    for attrs in images:
        stored = cv2.imread(str(tmp_path / (attrs["src"] or "")), cv2.IMREAD_UNCHANGED)
        assert stored is not None
        assert stored.shape[:2] == (int(attrs["height"] or 0), int(attrs["width"] or 0))


def test_the_stored_film_keeps_its_colors(tmp_path: Path, assessment: Make) -> None:
    from boneage.explain.overlay import draw_overlay

    made = assessment()
    report(tmp_path, {"a.png": made})
    stored = cv2.imread(str(tmp_path / PICTURES / "0001-film.jpg"))
    assert stored is not None
    assert np.abs(stored[..., ::-1].astype(int) - draw_overlay(made)).mean() < 3


def test_no_identity_reaches_the_folder(tmp_path: Path, assessment: Make) -> None:
    report(tmp_path, {"a.png": assessment(study_date="2020-06-15")})
    for path in tmp_path.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert not any(word in data for word in (b"DOE", b"JANE", b"MRN-4711", b"ACC-0815", b"1.2.3.4", b"2020-06-15")), path


def test_a_line_is_there_at_once(tmp_path: Path, assessment: Make) -> None:
    folder = ReportFolder(tmp_path, "x")
    for count, outcome in enumerate([assessment(), failure(), assessment()], start=1):
        folder.add(to_record(f"{count}.png", outcome, REFERENCE), outcome)
        lines = [json.loads(line) for line in (tmp_path / ANSWERS).read_text().splitlines()]
        assert [line["file"] for line in lines] == [f"{k}.png" for k in range(1, count + 1)]
        assert lines[-1] == to_record(f"{count}.png", outcome, REFERENCE)
    assert not (tmp_path / PAGE).exists()


def test_an_earlier_run_is_replaced_and_other_files_stay(tmp_path: Path, assessment: Make) -> None:
    report(tmp_path, {})
    (tmp_path / PICTURES / "my own.jpg").write_text("mine")
    report(tmp_path, {"a.png": assessment(), "b.png": assessment()})
    report(tmp_path, {"c.png": assessment()})
    assert [json.loads(line)["file"] for line in (tmp_path / ANSWERS).read_text().splitlines()] == ["c.png"]
    assert sorted(path.name for path in (tmp_path / PICTURES).iterdir()) == ["0001-crop-1.png", "0001-film.jpg", "my own.jpg"]
    ReportFolder(tmp_path, "x")
    assert not (tmp_path / PAGE).exists()
    assert (tmp_path / ANSWERS).read_text() == ""


def test_no_films_make_a_page_too(tmp_path: Path) -> None:
    assert "0 films, 0 read" in report(tmp_path / "new" / "deep", {}).text


def test_a_path_that_cannot_be_a_folder_is_told(tmp_path: Path, assessment: Make) -> None:
    (tmp_path / "file").write_text("x")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(BoneAgeError) as caught:
            ReportFolder(path, "x")
        assert caught.value.kind is Kind.BAD_OPTION
        assert str(path) in str(caught.value)
    folder = ReportFolder(tmp_path / "gone", "x")
    (tmp_path / "gone" / ANSWERS).unlink()
    (tmp_path / "gone" / ANSWERS).mkdir()
    with pytest.raises(BoneAgeError) as caught:
        folder.add(to_record("a.png", failure(), REFERENCE), failure())
    assert caught.value.kind is Kind.BAD_OPTION


def test_what_is_kept_between_films_holds_no_pixels(tmp_path: Path, assessment: Make) -> None:
    folder = ReportFolder(tmp_path, "x")
    for number in range(3):
        folder.add(to_record(f"{number}.png", assessment(), REFERENCE), assessment())
    kept = [dataclasses.asdict(entry) for entry in folder._entries]
    assert len(json.dumps(kept)) < 3 * 12_000
    assert not any(isinstance(value, np.ndarray) for value in leaves(kept))


def leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for inner in value.values() for leaf in leaves(inner)]
    if isinstance(value, list | tuple):
        return [leaf for inner in value for leaf in leaves(inner)]
    return [value]


def test_synthetic_films_print_their_truth_and_real_ones_do_not(tmp_path: Path, assessment: Make, estimate: MakeEstimate) -> None:
    films = tmp_path / "films"
    films.mkdir()
    write_truth(films, {"girl.dcm": 96})
    made = assessment(estimate(Sex.FEMALE, 105.0))
    page = report(tmp_path / "one", {str(films / "girl.dcm"): made, str(films / "real.dcm"): made})
    assert page.text.count("drawn as 8 years 0 months") == 1
    assert page.text.count("synthetic hand ") == 1
    assert "No child was X-rayed" in page.text
    page = report(tmp_path / "two", {str(films / "real.dcm"): made})
    assert "rawn as" not in page.text
    assert "synthetic hand " not in page.text
    assert "No child" not in page.text


def test_the_template_is_part_of_the_package() -> None:
    inside = files("boneage.report") / "templates"
    assert (inside / "page.html.j2").is_file()
    assert (inside / "page.css").is_file()
