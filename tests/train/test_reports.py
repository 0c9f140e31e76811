"""Reports: a table of sentences and whole reports, every spelling in every sentence, and what is never a bone age."""

from __future__ import annotations

import csv
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boneage.train.report_ages import find_ages
from boneage.train.reports import LONGEST, BoneAge, Refusal, read_report

with (Path(__file__).parent / "report_sentences.csv").open(newline="", encoding="utf-8") as lines:
    TABLE = list(csv.DictReader(lines))
SPELLED = [  # all are 126 months
    *("10 years 6 months", "10 y 6 m", "10y6m", "10-year-6-month", "10 6/12 years", "10-6/12 years", "10 1/2 years", "10½ yrs"),
    *("ten and a half years", "ten years and six months", "126 months", "10.5 years", "10,5 yr", "10 yrs. 6 mos.", "10Y/6M"),
    *("10 years, 6 months", "10 years and a half", "one hundred twenty-six months", "10 TO 11 YEARS", "10-11 years"),
    *("10 years to 10 years 12 months", "120 to 132 mo", "nine years 6 months to 11 1/2 years", "between 10 and 11 years"),
]
SENTENCES = [
    "The bone age is {}.",
    "BONE AGE: {}",
    "Chronological age: 9 years 1 month. Skeletal age (Greulich and Pyle): {}. Standard deviation: 10.2 months.",
    "HISTORY: 9 year old girl, bone age 7 years in 2012.\n\nIMPRESSION:\nBone age is estimated at {}, previously 7 years.",
    "The patient's chronological age is 9 years 1 month and the skeletal maturation corresponds to {}",
]


def answer(text: str) -> str:
    got = read_report(text)
    return got.value if isinstance(got, Refusal) else f"{got.months:g}{' mature' if got.mature else ''}"


@pytest.mark.parametrize("row", TABLE, ids=[str(number) for number in range(1, len(TABLE) + 1)])
def test_every_sentence_of_the_table(row: dict[str, str]) -> None:
    wanted, got = row["expected"], read_report(row["text"])
    if wanted == "mature":
        assert isinstance(got, BoneAge)
        assert (got.months, got.mature) == (216, True)
    elif wanted[0].isdigit():
        assert isinstance(got, BoneAge), got
        assert got.months == pytest.approx(float(wanted))
        assert not got.mature
    else:
        assert got is Refusal(wanted)


def test_the_table_is_large_and_varied() -> None:
    texts = {" ".join(row["text"].lower().split()) for row in TABLE}
    assert len(texts) >= 500
    assert sum("\n" in row["text"] for row in TABLE) >= 15
    assert {row["expected"] for row in TABLE} >= {refusal.value for refusal in Refusal} - {Refusal.TOO_LONG.value}


@pytest.mark.parametrize(("sentence", "age"), list(product(SENTENCES, SPELLED)))
def test_every_spelling_in_every_sentence(sentence: str, age: str) -> None:
    report = sentence.format(age)
    got = read_report(report)
    assert isinstance(got, BoneAge), got
    assert got.months == 126
    assert not got.mature


@pytest.mark.parametrize("row", [row for row in TABLE if row["expected"][0].isdigit() and row["expected"] != "117"])
def test_the_span_is_where_the_age_stands(row: dict[str, str]) -> None:
    got = read_report(row["text"])
    assert isinstance(got, BoneAge)
    start, end = got.span
    assert 0 <= start < end <= len(row["text"])
    assert any(char.isdigit() or char.isalpha() for char in row["text"][start:end])


@pytest.mark.parametrize(
    "report",
    [
        "Chronological age {}. Bone age 9 years 9 months.",
        "Bone age 9 years 9 months, chronological age {}.",
        "HISTORY: {} old boy.\nFINDINGS: The bone age is 9 years 9 months.",
        "CA {}, BA 9 years 9 months",
        "Bone age is 9 years 9 months (patient's age {}).",
        "Bone age is 9 years 9 months. Prior bone age was {}.",
        "Bone age is 9 years 9 months. The mean for this age is {}.",
        "Bone age is 9 years 9 months, with a standard deviation of {}.",
        "Bone age is 9 years 9 months. Follow-up in {}.",
        "Bone age is 9 years 9 months. Height age {}.",
        "COMPARISON: Bone age of {}.\n\nFINDINGS: Bone age is 9 years 9 months.",
    ],
)
def test_another_age_never_moves_the_bone_age(report: str) -> None:
    for other in ("2 years", "7 years 3 months", "11.5 years", "eighteen years", "19 years", "30 months"):
        assert answer(report.format(other)) == "117"


@pytest.mark.parametrize(
    "report",
    [
        "Bone age study. The patient is {} old.",
        "Chronological age: {}. Bone age is delayed.",
        "Bone age is advanced by {}.",
        "Bone age is {} behind the chronological age.",
        "Prior bone age was {}. Bone age is unchanged.",
        "Bone age is within one standard deviation ({}) of normal.",
        "Bone age exam of 10/12/2014, growth hormone for {}.",
    ],
)
def test_what_is_no_bone_age_is_never_one(report: str) -> None:
    for other in SPELLED:
        assert read_report(report.format(other)) is Refusal.NO_FIGURE


@pytest.mark.parametrize(
    ("months", "years"), [("59", None), ("60", 5), ("71.9", 5), ("72", 6), ("215", 17), ("216", 18), ("250", 18)]
)
def test_the_class_is_the_floored_year(months: str, years: int | None) -> None:
    got = read_report(f"Bone age: {months} months")
    assert isinstance(got, BoneAge)
    assert got.year_class == years
    assert got.months <= 216


def test_a_range_is_its_mean_and_one_sided_is_refused() -> None:
    assert answer("Bone age: 17 years to adult") == "210"
    assert answer("Bone age: 18 to 19 years") == "216 mature"
    assert answer("Bone age over 17 years") == "bound"
    assert answer("Not all physes are fused. Bone age study.") == "no-figure"


def test_the_impression_chooses_among_the_findings() -> None:
    assert answer("FINDINGS: Bone age 9 to 11 years.\nIMPRESSION: Bone age 10 years.") == "120"
    assert answer("FINDINGS: Bone age 9 years. Bone age 10 years.\nIMPRESSION: Bone age 10 years.") == "120"
    assert answer("FINDINGS: Bone age 9 years.\nIMPRESSION: Bone age 10 years.") == "conflict"
    assert answer("FINDINGS: Bone age 9 years. Bone age 10 years.") == "conflict"


def test_dates_and_numbers_are_no_ages() -> None:
    for text in ("10/12/2014", "5/12/14", "2014-10-12", "ACC 10293847", "12:30", "1.5", "plate 12"):
        assert not list(find_ages(text)), text


def test_a_book_is_no_report() -> None:
    assert read_report("bone age is 10 years " * LONGEST) is Refusal.TOO_LONG


@given(
    st.lists(st.sampled_from([*" \n.,;:()-/+10", "bone age", "10 years", "6 months", "between", "and", "is", "prior", "½", "İ"]))
)
def test_nothing_makes_it_raise(words: list[str]) -> None:
    text = " ".join(words)
    got = read_report(text)
    if isinstance(got, BoneAge):
        assert 0 <= got.months <= 360
        assert text[slice(*got.span)].strip()
