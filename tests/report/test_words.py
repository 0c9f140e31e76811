"""The page has words for whatever may come."""

import re

import pytest

from boneage.errors import Kind
from boneage.report.words import SEX_WORDS, SOURCE_WORDS, WARNINGS, flag_order, flag_words, kind_words, second_look
from boneage.types import Flag, Sex, SexSource


def test_every_sex_and_source_has_words() -> None:
    assert set(SEX_WORDS) == {*Sex, None}
    assert set(SOURCE_WORDS) == set(SexSource)
    assert set(Flag) >= WARNINGS


@pytest.mark.parametrize("flag", list(Flag))
def test_a_flag_is_one_sentence_that_fits_two_lines(flag: Flag) -> None:
    sentence = flag_words(flag)
    assert sentence[0].isupper()
    assert sentence.endswith(".")
    assert not re.search(r"[.!?]\s", sentence)
    assert 20 < len(sentence) < 140


def test_no_two_flags_say_the_same() -> None:
    assert len(set(map(flag_words, Flag))) == len(Flag)


def test_warnings_come_first() -> None:
    warns = [flag in WARNINGS for flag in sorted(Flag, key=flag_order)]
    assert warns == sorted(warns, reverse=True)


def test_a_second_look_is_asked_for_by_warnings_alone_of_the_film_or_of_either_estimate() -> None:
    one, other = ({"flags": [flag.value]} for flag in (Flag.WIDE_INTERVAL, Flag.NEAR_RANGE_END))
    record = {"flags": [Flag.MIRRORED.value, Flag.WIDE_INTERVAL.value], "estimates": [one, other]}
    assert second_look(record) == (flag_words(Flag.NEAR_RANGE_END), flag_words(Flag.WIDE_INTERVAL))
    assert second_look({"flags": [Flag.MIRRORED.value], "estimates": [{"flags": []}]}) == ()
    assert second_look({"flags": []}) == ()  # it was not read


@pytest.mark.parametrize("kind", list(Kind))
def test_kinds_are_said_without_hyphens(kind: Kind) -> None:
    assert kind_words(kind).replace(" ", "-") == kind.value
