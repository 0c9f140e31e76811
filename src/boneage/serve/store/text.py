"""Text from outside made fit for any database, and for finding: headers and forms can hold anything."""

from __future__ import annotations

import hashlib
import re
import unicodedata

# PostgreSQL takes no NUL, UTF-8 no half of a surrogate pair, and a list no line that breaks
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_DIGEST = 16
MOST_WORDS, LONGEST_WORD = 8, 64


def fitted(text: str, most: int) -> str:
    """At most so many characters. What is too long ends in a digest of the whole: two that differ stay two."""
    plain = _UNFIT.sub("\ufffd", text)
    if len(plain) <= most or most <= 2 * _DIGEST:  # a short column holds no name, and no room for a digest
        return plain[:most]
    return f"{plain[: most - _DIGEST - 1]}~{hashlib.sha256(text.encode(errors='replace')).hexdigest()[:_DIGEST]}"


def folded(text: str) -> str:
    """Alike for upper and lower case, also beyond ASCII, where SQLite itself tells them apart."""
    return unicodedata.normalize("NFKC", _UNFIT.sub(" ", text)).casefold()


def words(text: str) -> list[str]:
    """What is looked for, word by word: the order and punctuation of a DICOM name do not matter."""
    return [word[:LONGEST_WORD] for word in re.split(r"[\s,^=]+", folded(text)) if word][:MOST_WORDS]
