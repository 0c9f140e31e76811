"""A recipe: one complete TOML file per trained network. No inheritance; an unknown key is an error."""

from __future__ import annotations

import difflib
import tomllib
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import Field, ValidationError

from boneage.errors import BoneAgeError, Kind
from boneage.networks import RECIPES
from boneage.train import published, reference
from boneage.train.published import Choice as _Table
from boneage.train.published import PublishedTask
from boneage.train.reference import Acquisition, AlignedFilms, Branches, LabelSigma, Teacher


class About(_Table):
    """Where the recipe comes from and what to expect."""

    source: str  # paper, section, table; or "not in the papers"
    expected: str  # the figure a run should reach
    cost: str  # time on which machine


class Stage(_Table):
    """Epochs at one input size; a recipe may go from coarse to fine."""

    epochs: int = Field(gt=0)
    size: tuple[int, int]  # height, width


class Cosine(_Table):
    """From the rate to zero."""

    kind: Literal["cosine"]


class ThreeSteps(_Table):
    """The rate times gamma after 1/2, 3/4 and 7/8 of all epochs."""

    kind: Literal["three-steps"]
    gamma: float = Field(gt=0, lt=1)


class Exponential(_Table):
    """From the rate to another, by the same factor each step."""

    kind: Literal["exponential"]
    last: float = Field(gt=0)


class Optimizer(_Table):
    """How the weights move: a warm-up, then the schedule over all stages."""

    algorithm: Literal["adamw", "adam", "sgd"]  # sgd: with momentum 0.9
    schedule: Cosine | ThreeSteps | Exponential = Field(discriminator="kind")
    learning_rate: float = Field(gt=0)
    weight_decay: float = Field(ge=0)
    batch: int = Field(gt=0)
    warmup_steps: int = Field(ge=0)
    ema_decay: float = Field(ge=0, lt=1)  # of the weights' moving average, per step
    clip_norm: float = Field(gt=0)


class Augment(_Table):
    """Spreads of the random changes; each is drawn anew for every film and epoch."""

    kind: Literal["normal"]
    rotate_degrees: float = Field(ge=0)  # standard deviation
    any_rotation: float = Field(ge=0, le=1)  # share of films turned to any angle
    scale: float = Field(ge=0)  # standard deviation of the logarithm, both axes together
    stretch: float = Field(ge=0)  # standard deviation of the logarithm, width against height
    shear: float = Field(ge=0)
    shift: float = Field(ge=0)  # standard deviation, share of the frame
    mirror: float = Field(ge=0, le=1)
    gamma: float = Field(ge=0)  # standard deviation of the logarithm
    contrast: float = Field(ge=0)  # standard deviation of the logarithm
    noise: float = Field(ge=0)  # largest standard deviation of additive noise
    blur: float = Field(ge=0)  # largest sigma, px
    erase: float = Field(ge=0, le=1)  # share of films with a patch painted over
    invert: float = Field(ge=0, le=1)  # share of films with polarity inverted


Range = tuple[float, float]  # least, most: all values between are alike likely


class UniformAugment(_Table):
    """Ranges of the random changes, as the papers give them; each is drawn anew for every film and epoch."""

    kind: Literal["uniform"]
    switch: float = Field(gt=0, le=1)  # chance of each of the changes; the others stay out
    degrees: Range
    width: Range  # factors; with `together` the height's is the same
    height: Range
    together: bool
    shear_x: Range  # degrees
    shear_y: Range
    shift_x: Range  # shares of the frame
    shift_y: Range
    mirror: float = Field(ge=0, le=1)  # share of films
    upside_down: float = Field(ge=0, le=1)
    gain: Range  # of the gray values
    offset: Range  # added to the gray values, 0..1


class FinderTask(_Table):
    """Points, presence and polarity of the hand (models/hand_finder.py)."""

    kind: Literal["hand-finder"]
    steps: int = Field(gt=0)  # per epoch
    annotated: int = Field(gt=0)  # films of the batch with points
    negatives: int = Field(gt=0)  # pictures of the batch that are not one hand


class BoneAgeTask(_Table):
    """A distribution over months from the aligned hand and the sex (models/reference.py)."""

    kind: Literal["bone-age"]
    network: Literal["mobilenet_v2"] | Branches  # the name alone: the first reference's, reference.FIRST
    label_sigma_months: LabelSigma  # width of the target distribution
    expectation_weight: float = Field(ge=0)  # of the L1 of the expectation, per month
    regression_weight: float = Field(ge=0)  # of the second, plain regression output, per month
    dropout: float = Field(ge=0, lt=1)
    films: AlignedFilms = AlignedFilms()
    acquisition: Acquisition = Acquisition()
    teacher: Teacher | None = None

    @property
    def branches(self) -> Branches:
        """The network, written out."""
        return self.network if isinstance(self.network, Branches) else reference.FIRST


class MaskTask(_Table):
    """The hand's mask (models/unet.py), from masks that `boneage mine` accepted."""

    kind: Literal["hand-mask"]
    filters: int = Field(gt=0)  # of the first block; each deeper one has twice as many
    sure: float = Field(gt=0, lt=1)  # probability from which a pixel is hand; the exported network's one half
    corrected: float = Field(ge=0, le=1)  # share of the batch that is drawn from masks corrected by eye, where there are any
    steps: int = Field(gt=0)  # per epoch


class PatchTask(_Table):
    """Five classes of patches (models/lenet.py), cut out with the help of accepted masks."""

    kind: Literal["patches"]
    patch: int = Field(gt=0)  # px of the 512 x 512 film
    films: int = Field(gt=0)  # that the patches come from
    per_class: int = Field(gt=0)  # patches of each class an epoch
    held_out: float = Field(gt=0, lt=1)  # share of the films that chooses the epoch


class BoxTask(_Table):
    """The hand's box (models/faster_rcnn.py), from annotated hands and the boxes of accepted masks."""

    kind: Literal["hand-box"]
    films: int = Field(gt=0)
    steps: int = Field(gt=0)  # per epoch


class KeyPointTask(_Table):
    """Middle finger's tip, thumb's tip and capitate by regression (models/key_points.py)."""

    kind: Literal["key-points"]
    steps: int = Field(gt=0)  # per epoch
    dropout: float = Field(ge=0, lt=1)


class JointTask(_Table):
    """Boxes of joints and of the wrist's bones (models/joint_detector.py): the independent judge of registration."""

    kind: Literal["joints"]
    steps: int = Field(gt=0)  # per epoch
    ossification: int = Field(gt=0)  # films of the batch with the ossification set's boxes; the rest have the joint set's


AnyTask = FinderTask | BoneAgeTask | MaskTask | PatchTask | BoxTask | KeyPointTask | JointTask | PublishedTask


class Recipe(_Table):
    """One training, complete. Machine facts (device, workers, paths) are options of the command."""

    name: str
    seed: int
    about: About
    task: AnyTask = Field(discriminator="kind")
    start: str = Field(pattern=r"^(random|imagenet|recipe:.+)$")  # recipe:NAME: from that recipe's finished run
    stages: tuple[Stage, ...] = Field(min_length=1)
    optimizer: Optimizer
    augment: Augment | UniformAugment = Field(discriminator="kind")

    @property
    def epochs(self) -> int:
        return sum(stage.epochs for stage in self.stages)

    @property
    def last_stage(self) -> int:
        """The first epoch at the last size, counted from 0."""
        return self.epochs - self.stages[-1].epochs

    def size_at(self, epoch: int) -> tuple[int, int]:
        """The input size of an epoch, counted from 0."""
        for stage in self.stages:
            if epoch < stage.epochs:
                return stage.size
            epoch -= stage.epochs
        return self.stages[-1].size


def read_recipe(path: Path) -> Recipe:
    """The recipe in a TOML file. Raises BoneAgeError that names each wrong key, or a file that is not there, and suggests one."""
    try:
        values = tomllib.loads(path.read_text())
    except FileNotFoundError as error:
        raise _not_found(path) from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _bad(path, str(error)) from error
    try:
        return Recipe.model_validate(values)
    except ValidationError as error:
        raise _bad(path, "; ".join(_describe(item) for item in error.errors())) from error


def _not_found(path: Path) -> BoneAgeError:
    """Near names beside it and in recipes/."""
    there = {recipe.stem: str(recipe) for folder in (path.parent, RECIPES) for recipe in sorted(folder.glob("*.toml"))}
    near = difflib.get_close_matches(path.name.removesuffix(".toml"), there)
    return BoneAgeError(
        Kind.BAD_RECIPE,
        came=f"no recipe {path}",
        expected=f"a TOML file, as in {RECIPES}/ of the source tree",
        todo=f"Did you mean {' or '.join(there[name] for name in near)}?" if near else f"See {RECIPES}/ for those there are.",
    )


def _describe(item: Any) -> str:
    place = ".".join(str(part) for part in item["loc"])
    if item["type"] != "extra_forbidden":
        return f"{place}: {item['msg']}"
    close = difflib.get_close_matches(str(item["loc"][-1]), _all_keys(), n=1)
    return f"{place}: unknown key" + (f", did you mean {close[0]!r}?" if close else "")


def _all_keys() -> list[str]:
    chosen = [*vars(published).values(), *vars(reference).values()]
    choices = [table for table in chosen if isinstance(table, type) and issubclass(table, _Table)]
    schedules = (Cosine, ThreeSteps, Exponential)
    tables = (Recipe, About, Stage, Optimizer, *schedules, Augment, UniformAugment, *get_args(AnyTask), *choices)
    return [key for table in tables for key in table.model_fields]


def _bad(path: Path, what: str) -> BoneAgeError:
    return BoneAgeError(
        Kind.BAD_RECIPE, came=f"recipe {path}: {what}", expected="a complete recipe", todo="See recipes/ for examples."
    )
