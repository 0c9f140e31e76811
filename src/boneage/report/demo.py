"""The demo's films: synthetic hands of both sexes and many ages, as DICOM files that carry the sex."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from boneage.errors import BoneAgeError, Kind
from boneage.phantom import Pose, draw, write_dicom
from boneage.report.truth import write_truth
from boneage.types import Sex, Side

TITLE = "Bone age of synthetic hands"
SIZE = (1600, 1200)  # height, width


@dataclass(frozen=True)
class _Child:
    """One film to draw."""

    sex: Sex
    bone_age_months: int
    chronological_age_months: int
    seed: int
    pose: Pose | None = None
    modality: str = "DX"
    monochrome1: bool = False

    @property
    def name(self) -> str:
        """The truth stands in the name."""
        years, months = divmod(self.bone_age_months, 12)
        return f"{'girl' if self.sex is Sex.FEMALE else 'boy'}-{years:02d}y{months:02d}m.dcm"


_RIGHT = Pose(side=Side.RIGHT, spread=0.35, turn_degrees=-4, wrist_degrees=-6)
_LYING = Pose(spread=0.2, turn_degrees=90, wrist_degrees=-4)
CHILDREN = (
    _Child(Sex.FEMALE, 30, 32, seed=11),
    _Child(Sex.MALE, 54, 66, seed=12, monochrome1=True),
    _Child(Sex.FEMALE, 78, 76, seed=13, modality="CR"),
    _Child(Sex.MALE, 96, 101, seed=14, modality="CR", monochrome1=True),
    _Child(Sex.FEMALE, 118, 104, seed=15, pose=_RIGHT),
    _Child(Sex.MALE, 138, 144, seed=16, pose=_LYING),
    _Child(Sex.FEMALE, 162, 158, seed=17, monochrome1=True),
    _Child(Sex.MALE, 189, 186, seed=18),
)


def draw_films(folder: Path) -> Iterator[Path]:
    """Draws each film when it is asked for. The truth file comes first, so that no film is ever without it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_truth(folder, {child.name: child.bone_age_months for child in CHILDREN})
        for child in CHILDREN:
            phantom = draw(child.bone_age_months, child.sex, seed=child.seed, size=SIZE, pose=child.pose)
            yield write_dicom(
                phantom,
                folder / child.name,
                modality=child.modality,
                monochrome1=child.monochrome1,
                chronological_age_months=child.chronological_age_months,
            )
    except OSError as error:
        raise BoneAgeError(
            Kind.BAD_OPTION,
            came=f"the folder {str(folder)!r} ({(error.strerror or str(error)).lower()})",
            expected="a folder that can be written",
            todo="Give another folder with --out.",
        ) from error
