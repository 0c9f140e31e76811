"""Laws of the catalogs: the same keys and placeholders in all, a sentence for every value, nothing left in English."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum
from string import Formatter

import pytest

from boneage.report.language import (
    PREFIXES,
    SENTENCES,
    Language,
    age,
    age_range,
    day,
    key_of,
    moment,
    number,
    say,
    sentences,
    told,
)
from boneage.report.reading import Status
from boneage.types import Flag, Sex

OTHERS = [language for language in Language if language is not Language.ENGLISH]
VALUES = [value for kind in PREFIXES for value in kind]
# The same word, or only its placeholders and marks, in another language as in English.
ALIKE = {
    "age_years_months", "date", "deviations", "first_day", "label", "list_separator", "moment",
    "name_of_month_4", "name_of_month_8", "name_of_month_9", "name_of_month_11", "norm", "patient", "patient_name",
    "status", "system",
}  # fmt: skip


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


def test_every_catalog_is_a_language_and_the_other_way_round() -> None:
    assert {path.stem for path in SENTENCES.glob("*.toml")} == {language.value for language in Language}


@pytest.mark.parametrize("language", OTHERS)
def test_all_languages_have_the_same_keys_in_the_same_order(language: Language) -> None:
    assert list(sentences(language)) == list(sentences(Language.ENGLISH))


@pytest.mark.parametrize("language", OTHERS)
def test_all_languages_have_the_same_placeholders(language: Language) -> None:
    for key, sentence in sentences(Language.ENGLISH).items():
        assert placeholders(sentences(language)[key]) == placeholders(sentence), key


@pytest.mark.parametrize("language", OTHERS)
def test_nothing_is_left_in_english(language: Language) -> None:
    english = sentences(Language.ENGLISH)
    left = {key for key, sentence in sentences(language).items() if sentence == english[key]}
    assert left <= ALIKE


def test_the_list_of_what_is_alike_holds_no_more_than_it_must() -> None:
    english = sentences(Language.ENGLISH)
    assert {key for key in ALIKE if any(sentences(language)[key] == english[key] for language in OTHERS)} == ALIKE


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("value", VALUES, ids=key_of)
def test_every_value_has_its_sentence(language: Language, value: Enum) -> None:
    assert placeholders(told(language, value)) == set()


@pytest.mark.parametrize("language", Language)
def test_no_sentence_stands_for_a_value_that_is_gone(language: Language) -> None:
    known = {key_of(value) for value in VALUES} | {"sex_source", "sex_none", "refused_unread"}
    known |= {f"{name}s" for name in ("flag",)} | {"stage_source", "side"}
    named = re.compile(r"^(category|flag|gap|height_group|height_gap|refused|sex|sex_source|side|stage|status)_")
    assert {key for key in sentences(language) if named.match(key)} <= known


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("kind", PREFIXES)
def test_no_two_values_of_a_kind_say_the_same(language: Language, kind: type[Enum]) -> None:
    assert len({told(language, value) for value in kind}) == len(kind)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("flag", Flag)
def test_a_flag_is_one_sentence(language: Language, flag: Flag) -> None:
    sentence = told(language, flag)
    assert sentence.endswith("。" if language is Language.CHINESE else ".")
    assert not re.search(r"[.!?]\s|[。！？].", sentence)
    assert len(sentence) < 140


@pytest.mark.parametrize("language", Language)
def test_sentences_are_clean(language: Language) -> None:
    for key, sentence in sentences(language).items():
        assert sentence, key
        assert sentence == sentence.strip() or key == "list_separator"
        assert "  " not in sentence, key
        assert not set(sentence) & set('<>&\n\t"`'), key
        if language is not Language.CHINESE:
            assert not re.search(r"[\u3000-\u9fff\uff00-\uffef]", sentence), key
        elif not key.startswith(("first_day", "age_", "deviations")):
            assert re.search(r"[\u3000-\u9fff\uff00-\uffef]", sentence), key


def test_high_marks_of_french_have_a_space_that_does_not_break() -> None:
    for key, sentence in sentences(Language.FRENCH).items():
        assert not re.search("[^\u00a0][:;?!%]", sentence), key


@pytest.mark.parametrize(
    ("months", "words"),
    [
        (99, ("8 years 3 months", "8 Jahre 3 Monate", "8 ans et 3 mois", "8 años y 3 meses", "8岁3个月")),
        (13, ("1 year 1 month", "1 Jahr 1 Monat", "1 an et 1 mois", "1 año y 1 mes", "1岁1个月")),
        (24, ("2 years 0 months", "2 Jahre 0 Monate", "2 ans et 0 mois", "2 años y 0 meses", "2岁0个月")),
        (8.4, ("8 months", "8 Monate", "8 mois", "8 meses", "8个月")),
        (11.7, ("1 year 0 months", "1 Jahr 0 Monate", "1 an et 0 mois", "1 año y 0 meses", "1岁0个月")),
    ],
)
def test_an_age_is_years_and_months(months: float, words: tuple[str, ...]) -> None:
    assert tuple(age(language, months) for language in Language) == words


def test_a_range_goes_from_the_lower_to_the_higher() -> None:
    assert age_range(Language.GERMAN, 84, 97) == "7 Jahre 0 Monate bis 8 Jahre 1 Monat"


@pytest.mark.parametrize(
    ("language", "written"),
    [
        (Language.ENGLISH, "1.5"),
        (Language.GERMAN, "1,5"),
        (Language.FRENCH, "1,5"),
        (Language.SPANISH, "1,5"),
        (Language.CHINESE, "1.5"),
    ],
)
def test_numbers_have_the_languages_mark(language: Language, written: str) -> None:
    assert number(language, 1.5) == written
    assert number(language, 1.5, sign=True) == f"+{written}"
    assert number(language, -1.5) == f"\u2212{written}"


@pytest.mark.parametrize("value", [0.0, -0.0, 0.04, -0.04])
def test_nothing_has_no_sign(value: float) -> None:
    assert number(Language.ENGLISH, value, sign=True) == "0.0"


def test_days_cannot_be_mistaken() -> None:
    days = [day(language, "2026-03-01") for language in Language]
    assert days == ["1 March 2026", "1. März 2026", "1er mars 2026", "1 de marzo de 2026", "2026年3月1日"]
    assert day(Language.SPANISH, "2020-12-31") == "31 de diciembre de 2020"


@pytest.mark.parametrize("iso", ["", "20th of June", "2026-02-30"])
def test_what_is_no_day_is_given_back(iso: str) -> None:
    assert day(Language.FRENCH, iso) == iso


def test_a_moment_names_its_zone() -> None:
    at = datetime(2026, 11, 21, 9, 5, tzinfo=timezone(timedelta(hours=-3, minutes=-30)))
    assert moment(Language.ENGLISH, at) == "21 November 2026, 09:05 (UTC-03:30)"
    assert moment(Language.CHINESE, at.astimezone(UTC)) == "2026年11月21日 12:35（UTC+00:00）"
    with pytest.raises(ValueError, match="zone"):
        moment(Language.ENGLISH, datetime(2026, 11, 21))


def test_keys_may_be_named_as_the_values_are() -> None:
    assert say(Language.ENGLISH, "gap_age-unknown") == say(Language.ENGLISH, "gap_age_unknown")
    assert told(Language.GERMAN, Status.SIGNED) == "Signiert"
    assert key_of(Sex.FEMALE) == "sex_female"
    with pytest.raises(KeyError):
        say(Language.ENGLISH, "no_such_sentence")
    with pytest.raises(KeyError):
        say(Language.ENGLISH, "interval_of")
