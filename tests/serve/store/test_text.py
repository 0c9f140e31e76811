"""Text from outside fits every database, and two that differ stay two."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from boneage.serve.store.text import MOST_WORDS, fitted, folded, words

ANY = st.text(st.characters(exclude_categories=()), max_size=200)


@given(ANY, st.sampled_from([10, 16, 64, 400]))
def test_fits(text: str, most: int) -> None:
    fit = fitted(text, most)
    assert len(fit) <= most
    fit.encode()  # raises nothing
    assert not set(fit) & {"\0", "\n", "\r"}
    assert fitted(fit, most) == fit


@given(st.text("ab", min_size=65, max_size=70), st.text("ab", min_size=65, max_size=70))
def test_two_stay_two(one: str, other: str) -> None:
    assert (fitted(one, 64) == fitted(other, 64)) is (one == other)


def test_what_fits_stays() -> None:
    assert fitted("王^小東=Wang^XiaoDong", 64) == "王^小東=Wang^XiaoDong"


@given(ANY)
def test_whoever_is_looked_for_is_found(text: str) -> None:
    assert all(word in folded(text) for word in words(text))
    assert len(words(text)) <= MOST_WORDS


def test_words_of_a_name() -> None:
    assert words("  Müller, Anna^Eva\tSTRASSE Straße ") == ["müller", "anna", "eva", "strasse", "strasse"]
    assert words(" ^=, ") == []
