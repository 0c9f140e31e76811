"""One error family: what came, what was expected, what to do."""

from __future__ import annotations

from enum import Enum


class Kind(str, Enum):
    """Why a file gave no bone age; the word that stands in the JSON's `error.kind`."""

    NOT_FOUND = "not-found"
    NOT_A_FILE = "not-a-file"
    NOT_READABLE = "not-readable"
    EMPTY = "empty-file"
    NOT_AN_IMAGE = "not-an-image"
    TRUNCATED = "truncated"
    NO_PIXELS = "no-pixels"
    UNSUPPORTED = "unsupported"
    TOO_LARGE = "too-large"
    TOO_SMALL = "too-small"
    COLOR = "color-photograph"
    BLANK = "blank"
    BAD_PIXELS = "bad-pixels"
    NO_HAND = "no-hand"
    SEX_UNKNOWN = "sex-unknown"
    BAD_OPTION = "bad-option"
    BAD_DATA = "bad-data"
    BAD_WEIGHTS = "bad-weights"
    BAD_RECIPE = "bad-recipe"
    MISSING_EXTRA = "missing-extra"
    INTERNAL = "internal"


class BoneAgeError(Exception):
    """The one error of this package.

    `came` is what was met, `expected` what would have been right, `todo` what the user can do.
    The message never carries a patient's name or identifier.
    """

    def __init__(self, kind: Kind, *, came: str, expected: str, todo: str) -> None:
        self.kind = kind
        self.came = came
        self.expected = expected
        self.todo = todo
        super().__init__(f"{came}; expected {expected}. {todo}")
