"""Character sets: the film's own where it holds all that an object says, else UTF-8; what it holds is tried, not believed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from unicodedata import category

from pydicom.charset import convert_encodings, decode_bytes, encode_string, python_encoding
from pydicom.dataset import Dataset
from pydicom.valuerep import TEXT_VR_DELIMS

from boneage.read.quiet import quiet
from boneage.read.tags import ESCAPE

UTF_8 = "ISO_IR 192"
LATIN_1 = "ISO_IR 100"
_ASCII = ("", "ISO_IR 6", "ISO 2022 IR 6")
_STEERING = frozenset({"Cc", "Cs", "Zl", "Zp"})
_TEXT = frozenset({"LO", "LT", "PN", "SH", "ST", "UC", "UT"})


def settle(dataset: Dataset, film: Dataset) -> None:
    """Gives a data set the character set it is to be written in."""
    terms = _fitting(set(texts(dataset)), terms_of(film))
    if terms:
        dataset.SpecificCharacterSet = list(terms) if len(terms) > 1 else terms[0]
    elif "SpecificCharacterSet" in dataset:
        del dataset.SpecificCharacterSet


def one_line(text: str) -> str:
    """Text as one value: no control characters, halves of characters or backslashes, which part values. Wide spaces stay.

    pydicom leaves the escapes of ISO 2022 IR 58 in what it decodes; they go too.
    """
    return "".join(" " if one == "\\" or category(one) in _STEERING else one for one in ESCAPE.sub("", text)).strip(" ")


def terms_of(dataset: Dataset) -> tuple[str, ...]:
    """The defined terms of a data set's character set; () for none, and for what is no defined term."""
    found = dataset.get("SpecificCharacterSet")
    terms = () if found is None else (found,) if isinstance(found, str) else tuple(map(str, found))
    return terms if all(term in python_encoding for term in terms) else ()


def texts(dataset: Dataset) -> Iterator[str]:
    """All text that a character set applies to, of sequences too; names in the parts that are written one by one."""
    for element in dataset:
        if element.VR == "SQ":
            for item in element.value:
                yield from texts(item)
        elif element.VR in _TEXT and element.value is not None:
            for one in map(str, element.value if element.VM > 1 else [element.value]):
                yield from re.split("[=^]", one) if element.VR == "PN" else (one,)


def holds(terms: Sequence[str], text: str) -> bool:
    """Whether text comes back the same from these terms' bytes; () is the default repertoire."""
    if text.isascii():
        return not (terms and terms[0].endswith("IR 13") and {"~", "\\"} & set(text))  # JIS X 0201 has other signs there
    if not terms or (terms[0] in _ASCII and any("\x80" <= letter <= "\xff" for letter in text)):
        return False  # pydicom would write Latin-1, which the default repertoire has not
    try:
        with quiet():  # pydicom warns, and writes question marks
            encodings = convert_encodings(list(terms))
            return decode_bytes(encode_string(text, encodings), encodings, TEXT_VR_DELIMS) == text
    except (LookupError, UnicodeError, ValueError):
        return False


def _fitting(said: set[str], terms: tuple[str, ...]) -> tuple[str, ...]:
    if not terms and all(map(str.isascii, said)):
        return ()
    # A film without a declared set whose name has bytes beyond ASCII was read as Latin-1; so it keeps its bytes.
    for candidate in (terms or (LATIN_1,), (UTF_8,)):
        if all(holds(candidate, one) for one in said):
            return candidate
    return (UTF_8,)
