"""Names come apart as DICOM puts them together, and nothing in a header steers a message."""

from hypothesis import given
from hypothesis import strategies as st

from boneage.report.person import PersonName, Script, is_oid, person_names, plain


def test_the_groups_of_a_name() -> None:
    assert person_names("Wang^XiaoDong=王^小东") == (
        PersonName(Script.ALPHABETIC, "Wang", "XiaoDong"),
        PersonName(Script.IDEOGRAPHIC, "王", "小东"),
    )
    assert person_names("Yamada^Tarou=山田^太郎=やまだ^たろう")[2] == PersonName(Script.PHONETIC, "やまだ", "たろう")
    assert person_names("=王^小东") == (PersonName(Script.IDEOGRAPHIC, "王", "小东"),)
    assert person_names("Adams^John Robert^Quincy^Rev.^B.A. M.Div.") == (
        PersonName(Script.ALPHABETIC, "Adams", "John Robert", "Quincy", "Rev.", "B.A. M.Div."),
    )
    assert person_names("") == person_names("^^^^==") == ()


def test_a_name_is_said_in_its_own_order() -> None:
    (one,) = person_names("Adams^John^Quincy^Rev.^B.A.")
    assert one.text == "Rev. John Quincy Adams B.A."
    assert person_names("=王^小东")[0].text == "王 小东"


def test_a_name_is_no_part_of_repr() -> None:
    assert "Wang" not in repr(person_names("Wang^XiaoDong"))


@given(st.text())
def test_whatever_stands_in_a_header_gives_names_of_one_line(text: str) -> None:
    for name in person_names(text):
        assert name.text
        assert all(part == plain(part) for part in (name.family, name.given, name.middle, name.prefix, name.suffix))
        assert len(name.text.splitlines()) == 1


@given(st.text())
def test_plain_text_has_no_character_that_steers(text: str) -> None:
    made = plain(text)
    assert plain(made) == made
    assert len(made.splitlines()) <= 1
    made.encode()  # halves of characters could not be
    assert not any(ord(one) < 32 for one in made)


def test_object_identifiers() -> None:
    assert all(map(is_oid, ("1.2.3", "2.25.0", "0.9")))
    assert not any(map(is_oid, ("", "1", "3.1", "1.2.", "1.02", "HOSP", "1.2 ", "1." * 40 + "1")))
