"""What a recipe of a reference network chooses: films, acquisition, network, label, teachers."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from boneage.dataset import Scan
from boneage.train.published import Choice


# ---- films
class Fold(Choice):
    """Training films of one fold left out, so that a teacher's answers to them are those of a network that never saw them."""

    of: int = Field(ge=2)
    left_out: int = Field(ge=0)

    @model_validator(mode="after")
    def _is_one_of_them(self) -> Self:
        if self.left_out >= self.of:
            raise ValueError(f"left_out is counted from 0, under {self.of}")
        return self


class AlignedFilms(Choice):
    """Which scans, and at what detail the regions are cut from them."""

    scans: tuple[Scan, ...] = Field(default=(Scan.CHALLENGE,), min_length=1)  # each scan of a film is seen once an epoch
    detail: Literal["frame", "film"] = "frame"  # the standard frame of 299 px, or the film's own pixels
    fold: Fold | None = None


# ---- how a film may have come about (train/acquisition.py)
class Chance(Choice):
    """A change that a share of the films gets, its strength drawn evenly."""

    share: float = Field(ge=0, le=1)
    least: float
    most: float

    @model_validator(mode="after")
    def _is_ordered(self) -> Self:
        if self.least > self.most:
            raise ValueError(f"least = {self.least:g} is over most = {self.most:g}")
        return self


NEVER = Chance(share=0.0, least=0.0, most=0.0)


class Acquisition(Choice):
    """The stages from exposure to file, before the crop; then the cutout, after it. Left out: never."""

    border: Chance = NEVER  # collimation: shares of the film, on each side
    marker: Chance = NEVER  # letters as of lead: height, share of the film's
    blur: Chance = NEVER  # sigma, px of a 299 px film
    noise: Chance = NEVER  # standard deviation, share of the film's own range of gray values
    tone: Chance = NEVER  # a monotone curve: 0 straight, 1 strongly bent
    resample: Chance = NEVER  # share of the film's size, and back
    jpeg: Chance = NEVER  # quality, 1 to 100
    cutout: Chance = NEVER  # side of the patches, share of the crop's


# ---- the network (models/reference.py)
class MeanPool(Choice):
    """The mean over the last map."""

    kind: Literal["mean"]


class GemPool(Choice):
    """The generalized mean, its power learned (Radenovic 2018, equation 3)."""

    kind: Literal["gem"]
    power: float = Field(gt=0)  # at the start


class LateSex(Choice):
    """Joined to the pooled features (Ren 2018, figure 2)."""

    kind: Literal["late"]


class EarlySex(Choice):
    """Late, and before that each channel of two maps is scaled and shifted by sex (FiLM: Perez 2018, equation 2)."""

    kind: Literal["early"]


class KeyPointsAid(Choice):
    """The finder's 21 points on the changed crop, from the last map."""

    kind: Literal["key-points"]
    weight: float = Field(gt=0)  # of the L1, per half crop


class SexAid(Choice):
    """The sex, from the pooled features before they are told it."""

    kind: Literal["sex"]
    weight: float = Field(gt=0)  # of the cross entropy


View = Literal["whole hand", "carpals", "metacarpals"]  # regions.REGIONS
Pooling = Annotated[MeanPool | GemPool, Field(discriminator="kind")]
SexJoin = Annotated[LateSex | EarlySex, Field(discriminator="kind")]
Aid = Annotated[KeyPointsAid | SexAid, Field(discriminator="kind")]


class Branches(Choice):
    """One trunk over one region or several, its pooled features side by side before the head."""

    trunk: Literal["mobilenet_v2"]
    views: tuple[View, ...] = Field(min_length=1)  # one channel each, of the same size
    pooling: Pooling
    sex: SexJoin
    hidden: int = Field(gt=0)  # width of the head
    drop_path: float = Field(ge=0, lt=1)  # stochastic depth: chance of the last residual to be left out, the first's is 0
    aids: tuple[Aid, ...]  # auxiliary targets, in training alone

    @model_validator(mode="after")
    def _is_not_told_what_it_shall_find(self) -> Self:
        if isinstance(self.sex, EarlySex) and any(isinstance(aid, SexAid) for aid in self.aids):
            raise ValueError('features that are told the sex early cannot learn from it: sex = { kind = "late" } or no sex aid')
        if len(set(self.views)) < len(self.views):
            raise ValueError(f"views name a region twice: {', '.join(self.views)}")
        return self


FIRST = Branches(
    trunk="mobilenet_v2",
    views=("whole hand",),
    pooling=MeanPool(kind="mean"),
    sex=LateSex(kind="late"),
    hidden=512,
    drop_path=0.0,
    aids=(),
)  # reference-2026-11's


# ---- the label
Sigma = Annotated[float, Field(gt=0)]  # months


class SigmaByAge(Choice):
    """The label's width at some months of truth; straight lines between, level beyond."""

    kind: Literal["by-age"]
    at_months: tuple[float, ...] = Field(min_length=1)
    sigma_months: tuple[Sigma, ...]

    @model_validator(mode="after")
    def _is_a_curve(self) -> Self:
        if len(self.at_months) != len(self.sigma_months) or list(self.at_months) != sorted(set(self.at_months)):
            raise ValueError("at_months must rise, with one sigma each")
        return self


class SigmaBySex(Choice):
    """The label's width for girls and boys."""

    kind: Literal["by-sex"]
    female: Sigma
    male: Sigma


LabelSigma = Sigma | Annotated[SigmaByAge | SigmaBySex, Field(discriminator="kind")]


class Teacher(Choice):
    """Finished recipes whose mean distribution is mixed into the label (train/teachers.py)."""

    recipes: tuple[str, ...] = Field(min_length=1)
    share: float = Field(gt=0, le=1)  # of the label
    views: int = Field(ge=1)  # of each film: as it is, mirrored, then drawn from the teacher's own augmentation
