"""What a report says, and what it must not say; as rows and as text for pasting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from boneage.errors import BoneAgeError, Kind
from boneage.report.content import Content, content_of, harmless, shown_name
from boneage.report.language import Language, say, told
from boneage.report.reading import Decision, Reading, Refusal, Status, readings_of
from boneage.report.text import COLUMNS, to_text, width, wrap
from boneage.report.verdict import Category, Gap
from boneage.types import Assessment, Estimate, Flag, Identity, Sex

AT = datetime(2026, 11, 21, 9, 5, tzinfo=UTC)
Make = Callable[..., Assessment]
MakeEstimate = Callable[..., Estimate]
MakeReading = Callable[..., Reading]
EN = Language.ENGLISH
REFUSAL = Refusal(Kind.NO_HAND, "a film with 0.12 of 1 hand", "one hand", "Give a film of one hand.")


@pytest.fixture
def reading(assessment: Make, estimate: MakeEstimate) -> MakeReading:
    """A girl of 8 years 6 months whose bones are of 8 years 3 months."""

    def make(months: float = 99.0, **changes: object) -> Reading:
        made = assessment(estimate(Sex.FEMALE, months), chronological_age_months=102.0, study_date="2026-11-20")
        (found,) = readings_of(made, uids=("2.25.1",), at=AT)
        return replace(found, **changes)  # type: ignore[arg-type]

    return make


def decided(reading: Reading, months: float, status: Status = Status.SIGNED, **decision: object) -> Reading:
    before = None if status is Status.SIGNED else "2.25.77"
    return replace(reading, status=status, predecessor=before, decision=Decision("Dr. A", AT, months, **decision))  # type: ignore[arg-type]


def value(content: Content, key: str) -> str | None:
    rows = (*content.patient, *content.intervals, *content.results, *content.height, *content.technical)
    return next((row.value for row in rows if row.key == key), None)


def test_all_that_is_known_is_told(reading: MakeReading) -> None:
    content = content_of(reading(height_cm=131.5), EN)
    assert (content.bone_age, content.months) == ("8 years 3 months", "99.0 months")
    told_of = {
        "patient_name": "DOE, JANE", "patient_id": "MRN-4711", "sex": "Female", "study_date": "20 November 2026",
        "interval_of": "6 years 9 months to 9 years 9 months", "chronological_age": "8 years 6 months", "difference": "−3 months",
        "norm_mean": "8 years 11 months", "category": "Within 2 SD of the mean", "development_stage": "Early and mid-puberty",
        "height": "131.5 cm", "adult_height": "164.2 cm", "system": "reference-2026-11",
        "weights": "a-2026-11, b-2026-11", "report_uid": "2.25.1", "birth_date": "not known",
    }  # fmt: skip
    for key, words in told_of.items():
        assert value(content, key) == words, key
    assert content.standing.word == "Unverified"
    assert not content.away


@pytest.mark.parametrize(("months", "category"), [(70, Category.BELOW), (99, Category.WITHIN), (140, Category.ABOVE)])
def test_a_bone_age_far_from_the_norm_is_told_so(reading: MakeReading, months: float, category: Category) -> None:
    content = content_of(reading(months), EN)
    assert value(content, "category") == told(EN, category)
    assert content.away == (category is not Category.WITHIN)


@pytest.mark.parametrize(
    ("changes", "gap"),
    [
        ({"chronological_age_months": None}, Gap.AGE_UNKNOWN),
        ({"chronological_age_months": 230.0}, Gap.AGE_BEYOND_NORMS),
        ({"chronological_age_months": 2.0}, Gap.AGE_BEYOND_NORMS),
        ({"sex": None}, Gap.SEX_UNKNOWN),
        ({"estimate": None, "refusal": REFUSAL}, Gap.NOT_READ),
    ],
)
@pytest.mark.parametrize("language", Language)
def test_where_there_is_no_score_the_report_says_why(
    reading: MakeReading, changes: dict[str, object], gap: Gap, language: Language
) -> None:
    content = content_of(reading(**changes), language)
    assert value(content, "category") == told(language, gap)
    assert {"norm_mean", "norm_sd", "sd_score"}.isdisjoint(row.key for row in content.results)


def test_a_refused_film_that_nobody_read_has_no_number(reading: MakeReading) -> None:
    content = content_of(reading(estimate=None, refusal=REFUSAL, height_cm=131.5), EN)
    assert content.bone_age is None
    assert content.standing.sentence == say(EN, "refused_unread")
    assert content.refused is not None
    assert content.refused.heading == told(EN, Kind.NO_HAND)
    assert [row.value for row in content.refused.details] == [REFUSAL.came, REFUSAL.expected, REFUSAL.todo]
    assert value(content, "adult_height") == say(EN, "height_needs_reading")
    assert value(content, "development_stage") is None


def test_a_refused_film_that_was_read_by_hand_has_the_readers_number(reading: MakeReading) -> None:
    content = content_of(decided(reading(estimate=None, refusal=REFUSAL, height_cm=131.5), 96, plate_months=94), EN)
    assert content.bone_age == "8 years 0 months"
    assert content.told == (say(EN, "read_by_hand"),)
    assert content.refused is not None
    assert value(content, "method") == say(EN, "method_plate")
    assert value(content, "plate") == "7 years 10 months"
    assert value(content, "adult_height_range") == say(EN, "adult_height_no_interval")


def test_where_the_reader_changed_it_the_systems_own_answer_stands_beside(reading: MakeReading) -> None:
    content = content_of(decided(reading(height_cm=131.5), 120, reason="fused"), EN)
    assert content.bone_age == "10 years 0 months"
    assert content.told == (say(EN, "changed"),)
    assert value(content, "system_answer") == "8 years 3 months"
    assert value(content, "interval_of") is None
    assert value(content, "interval_of_system") == "6 years 9 months to 9 years 9 months"
    assert value(content, "method") == say(EN, "method_reader")
    assert value(content, "adult_height_range") == say(EN, "adult_height_no_interval")
    assert [row.value for row in content.standing.rows] == ["fused"]


def test_an_accepted_answer_stays_the_systems(reading: MakeReading) -> None:
    content = content_of(decided(reading(), 99.0), EN)
    assert content.told == ()
    assert value(content, "method") == say(EN, "method_text")
    assert value(content, "interval_of") is not None
    assert content.standing.sentence == "Signed by Dr. A on 21 November 2026, 09:05 (UTC+00:00)."


def test_nothing_is_concluded_from_what_was_withdrawn(reading: MakeReading) -> None:
    content = content_of(decided(reading(70, height_cm=131.5), 70, Status.WITHDRAWN, reason="wrong patient"), EN)
    assert content.withdrawn
    assert (content.intervals, content.results, content.height) == ((), (), ())
    assert [row.value for row in content.standing.rows] == ["wrong patient", "2.25.77"]
    text = to_text(decided(reading(70), 70, Status.WITHDRAWN), EN)
    assert "withdrawn, was 5 years 10 months" in text
    assert "SD score" not in text


def test_a_height_that_no_child_has_is_an_error(reading: MakeReading) -> None:
    with pytest.raises(BoneAgeError, match="50 to 230 cm"):
        content_of(reading(height_cm=1.3), EN)


def test_warnings_come_first_among_the_remarks(reading: MakeReading) -> None:
    content = content_of(reading(flags=frozenset(Flag)), EN)
    warns = [remark.warns for remark in content.remarks]
    assert len(warns) == len(Flag)
    assert warns == sorted(warns, reverse=True)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("DOE^JANE", "DOE, JANE"),
        ("Doe^Jane^Anne^Dr.^PhD", "Doe, Dr. Jane Anne PhD"),
        ("DOE", "DOE"),
        ("^JANE", "JANE"),
        ("Wang^Xiao Dong=王^小东", "Wang, Xiao Dong (王 小东)"),
        ("=山田^太郎=やまだ^たろう", "山田 太郎"),
        ("==やまだ^たろう", "やまだ たろう"),
        ("", ""),
        ("^^^^", ""),
        ("De La Cruz^Ana", "De La Cruz, Ana"),
        ("Li^Li", "Li, Li"),
    ],
)
def test_names_are_shown_as_people_write_them(name: str, shown: str) -> None:
    assert shown_name(name) == shown


@pytest.mark.parametrize(
    "text", ["a\u202eb", "a\u2066b\u2069", "a\u200bb", "a\x00b", "a\r\n b", "\ufeffab", "a\u2028b", "a\ud800b"]
)
def test_nothing_in_a_text_turns_or_hides_what_follows(text: str) -> None:
    assert harmless(text) in ("ab", "a b")


def test_letters_of_all_scripts_stay() -> None:
    for name in ("محمد", "שרה", "Ελένη", "Bjørn Ñandú", "नेहा", "김민준", "Zoë"):
        assert harmless(name) == name


# the text


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("case", ["read", "refused", "withdrawn", "changed"])
def test_the_text_fits_its_columns(reading: MakeReading, language: Language, case: str) -> None:
    one = reading(
        flags=frozenset(Flag), height_cm=131.5, identity=Identity("Wang^Xiao=王^小东", "x" * 200), chronological_age_months=300.0
    )
    if case == "refused":
        one = replace(one, estimate=None, refusal=REFUSAL)
    elif case != "read":
        one = decided(one, 120, Status.WITHDRAWN if case == "withdrawn" else Status.AMENDED, reason="因为" * 60)
    text = to_text(one, language)
    assert max(width(line) for line in text.splitlines()) <= COLUMNS
    assert not any(line != line.rstrip() for line in text.splitlines())
    assert say(language, "not_a_device").replace("\u00a0", " ") in text
    assert told(language, one.status) in text
    assert not set(text) & set("\u00a0\u2212\u202f\t\r")
    assert "\n\n\n" not in text


@pytest.mark.parametrize("language", [Language.ENGLISH, Language.GERMAN, Language.FRENCH, Language.SPANISH])
def test_the_texts_letters_are_those_that_a_ris_has(reading: MakeReading, language: Language) -> None:
    to_text(reading(height_cm=131.5, flags=frozenset(Flag)), language).encode("latin-1")


def test_wrapping_loses_nothing_and_keeps_marks_with_what_they_follow() -> None:
    words = "one two three four five six seven eight nine ten"
    assert " ".join(line.strip() for line in wrap(words, columns=12)) == words
    assert all(width(line) <= 12 for line in wrap(words, columns=12))
    chinese = "骨龄报告，仅供研究使用。不是医疗器械（真的）。" * 3
    lines = wrap(chinese, columns=11)
    assert "".join(line.strip() for line in lines) == chinese
    assert all(width(line) <= 11 for line in lines)
    assert not any(line.strip()[0] in "，。）" for line in lines)
    assert wrap("x" * 30, columns=10) == ["x" * 10, "  " + "x" * 8, "  " + "x" * 8, "  " + "x" * 4]
    assert wrap("", columns=10) == [""]
