"""Which of the films that arrive are bone age films: a site's own rules over DICOM keywords; the others are left alone."""

from __future__ import annotations

import re
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydicom import datadict
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from boneage.read.header import HAND_VIEWS
from boneage.read.tags import Tags
from boneage.serve.toml import read_toml

OURS = ("boneage project", "boneage")  # manufacturer and model in what report/dicom makes; a test holds them together
LONGEST = 1024  # characters of a value that a rule is tried on
_HAND = tuple(view.replace("BONEAGE", "BONE.?AGE") for view in HAND_VIEWS)
RADIOGRAPHS = ("CR", "DX", "RG", "SC", "OT", "RF", "XA")


class Rule(BaseModel):
    """All patterns must be found in the values of their keywords; upper and lower case alike."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    where: dict[str, str] = Field(min_length=1)  # DICOM keyword -> regular expression

    @field_validator("where")
    @classmethod
    def _known(cls, where: dict[str, str]) -> dict[str, str]:
        for keyword, pattern in where.items():
            if datadict.tag_for_keyword(keyword) is None:
                raise ValueError(f"{keyword} is no DICOM keyword")
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"{pattern!r} is no regular expression: {error}") from error
        return where

    def holds(self, tags: Tags) -> bool:
        return all(re.search(pattern, _text(tags, keyword), re.IGNORECASE) for keyword, pattern in self.where.items())

    def fits(self, told: dict[str, str]) -> bool:
        """Whether nothing of what is told of a film so far speaks against it."""
        return all(re.search(pattern, told[keyword], re.IGNORECASE) for keyword, pattern in self.where.items() if keyword in told)


class Mapping(BaseModel):
    """A film counts where one of the rules holds and none of the exceptions does."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bone_age: tuple[Rule, ...] = Field(min_length=1)
    never: tuple[Rule, ...] = ()

    def counts(self, header: Dataset) -> bool:
        """Whether the film of that header is to be read. One without pixels is none, whatever the rules say."""
        tags = Tags(header)
        if "Rows" not in header or is_ours(tags):
            return False
        return any(rule.holds(tags) for rule in self.bone_age) and not any(rule.holds(tags) for rule in self.never)

    def may_count(self, answer: Dataset, modality: str = "") -> bool:
        """Whether the film can still count of which an archive has told that much; what it left empty is not told.

        `modality`: of the film, where the answer is of its study.
        """
        tags = Tags(answer)
        keywords = {keyword for rule in (*self.bone_age, *self.never) for keyword in rule.where}
        told = {keyword: text for keyword in keywords if (text := _text(tags, keyword))}
        if modality:
            told["Modality"] = modality
        never = any(rule.where.keys() <= told.keys() and rule.fits(told) for rule in self.never)
        return any(rule.fits(told) for rule in self.bone_age) and not never and not is_ours(tags)


def is_ours(tags: Tags) -> bool:
    """Whether this software made it: its captures go to the archive and must not come back as films."""
    return (tags.text("Manufacturer"), tags.text("ManufacturerModelName")) in (OURS, (OURS[0], ""))


DEFAULT = Mapping(
    bone_age=(
        Rule(
            name="radiographs of the hand, or that name no part of the body",
            where={"Modality": f"^({'|'.join(RADIOGRAPHS)})$", "BodyPartExamined": f"^$|{'|'.join(_HAND)}"},
        ),
    )
)


def read_mapping(path: Path | None) -> Mapping:
    """A site's mapping file, else the default. Raises BoneAgeError that says what is wrong."""
    if path is None:
        return DEFAULT
    return read_toml(
        path,
        Mapping,
        what="mapping",
        expected='[[bone_age]] tables with a name and where = { Keyword = "regular expression" }',
        todo="Correct the file; see docs/settings.md.",
    )


def _text(tags: Tags, keyword: str) -> str:
    """All values of a keyword as DICOM writes them, parted by backslashes; as much of it as a rule can mean."""
    found = tags.value(keyword)
    if isinstance(found, MultiValue):
        return "\\".join(str(one).strip() for one in found)[:LONGEST]
    return tags.text(keyword)[:LONGEST]
