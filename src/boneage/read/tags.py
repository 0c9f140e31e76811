"""DICOM values read tolerantly: what breaks the standard counts as absent and leaves a note that it did."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from pydicom.dataset import Dataset

from boneage.read.quiet import DECODER_ERRORS

ESCAPE = re.compile(r"\x1b[ -/]+[0-~]")  # of ISO 2022; pydicom leaves some in what it decodes


class Tags:
    """A data set's values by keyword; `tolerated` is true once one of them was broken."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        self.tolerated = False

    def value(self, keyword: str) -> object:
        """The plain value, None where it is absent, empty or cannot be parsed."""
        try:
            found: object = self.dataset.get(keyword)
            empty = found is None or (isinstance(found, (str, bytes, Sequence)) and len(found) == 0)
        except DECODER_ERRORS:  # never the exception's text: it quotes the value
            self.tolerated = True
            return None
        return None if empty else found

    def text(self, keyword: str) -> str:
        """A value as text, "" where absent; of several values the first."""
        found = self.value(keyword)
        try:
            if isinstance(found, Sequence) and not isinstance(found, (str, bytes)):
                found = found[0]
            return "" if found is None else ESCAPE.sub("", str(found)).strip(" \0\t\r\n")
        except DECODER_ERRORS:
            self.tolerated = True
            return ""

    def numbers(self, keyword: str) -> tuple[float, ...]:
        """All values as finite numbers, () where absent or broken."""
        found = self.value(keyword)
        if found is None:
            return ()
        try:
            many: Sequence[Any] = found if isinstance(found, Sequence) and not isinstance(found, (str, bytes)) else [found]
            numbers = tuple(float(one) for one in many)
        except DECODER_ERRORS:
            numbers = ()
        if not numbers or not all(map(math.isfinite, numbers)):
            self.tolerated = True
            return ()
        return numbers

    def number(self, keyword: str) -> float | None:
        """The first value as a finite number."""
        numbers = self.numbers(keyword)
        return numbers[0] if numbers else None

    def whole(self, keyword: str) -> int | None:
        """The first value as a whole number."""
        number = self.number(keyword)
        return None if number is None else int(number)

    def day(self, keyword: str) -> date | None:
        """A date, as the standard writes it (20140131) or its predecessor did (2014.01.31)."""
        text = self.text(keyword).replace(".", "").replace("-", "")
        if not text:
            return None
        try:
            return datetime.strptime(text, "%Y%m%d").date()
        except ValueError:
            self.tolerated = True
            return None

    def items(self, keyword: str) -> Sequence[Dataset]:
        """The items of a sequence."""
        found = self.value(keyword)
        if not isinstance(found, Sequence) or isinstance(found, (str, bytes)):
            return ()
        return [item for item in found if isinstance(item, Dataset)]
