"""The 18 basic models of Iglovikov 2018 (section 4.4) and their linear averages, by region, kind and sex."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from boneage.evaluate.network_answers import NetworkAnswers
from boneage.papers.shelf import Shelf, average, together
from boneage.papers.trials import Trial
from boneage.types import Sex

REGIONS = MappingProxyType({"A": "whole hand", "B": "carpals", "C": "metacarpals and proximal phalanges"})
SIZES = MappingProxyType({"A": (160, 120), "B": (96, 96), "C": (72, 168)})  # height, width, as in the recipes
PAPER_SIZES = MappingProxyType({"A": (2000, 1500), "B": (750, 750), "C": (600, 1400)})  # section 4.3
REGRESSION, CLASSIFICATION = ("regression",), ("classification",)
EITHER = (*REGRESSION, *CLASSIFICATION)
ENSEMBLE = "ABC"
ROWS = (*REGIONS, ENSEMBLE)
MIXED, BY_SEX = "both", "by sex"


@dataclass(frozen=True)
class Model:
    """A basic model, or the linear average of several."""

    regions: str  # letters
    kinds: tuple[str, ...]
    cohort: str  # both: trained on both sexes; male, female; by sex: each film is read by its own sex's networks

    @property
    def networks(self) -> tuple[str, ...]:
        """The recipes' names of all basic models in it."""
        cohorts = [sex.value for sex in Sex] if self.cohort == BY_SEX else [self.cohort]
        return tuple(
            f"vgg-{region.lower()}-{'' if kind in CLASSIFICATION else 'regression-'}{cohort}-2026-11"
            for cohort in cohorts
            for kind in self.kinds
            for region in self.regions
        )

    def answers(self, shelf: Shelf) -> NetworkAnswers | None:
        """Of the films that all of them answered; None: not all were run."""
        if self.cohort != BY_SEX:
            found = [shelf.answers(name) for name in self.networks]
            known = [one for one in found if one is not None]
            return average(known) if len(known) == len(found) else None
        of_each = [Model(self.regions, self.kinds, sex.value).answers(shelf) for sex in Sex]
        known = [one for one in of_each if one is not None]
        return together(known) if len(known) == len(of_each) else None


def fine_network(region: str, sex: str) -> str:
    """Not in the paper: trained on from the basic classification model of that sex, on films of half the original size."""
    return f"vgg-{region.lower()}-fine-{sex}-2026-11"


OURS = Model(ENSEMBLE, CLASSIFICATION, BY_SEX)  # trained first of all, and the system's own: what one ensemble can tell


@dataclass(frozen=True)
class Column:
    """A column of figure 8."""

    kinds: tuple[str, ...]
    cohort: str
    paper: Mapping[str, float] = field(default_factory=dict, hash=False)  # MAE by row of the figure, where section 5 gives it

    def __str__(self) -> str:
        return f"{self.kinds[0] if len(self.kinds) == 1 else 'both kinds'}, {'mixed' if self.cohort == MIXED else self.cohort}"

    def model(self, row: str) -> Model:
        return Model(row, self.kinds, self.cohort)


COLUMNS = (
    Column(REGRESSION, MIXED, {"A": 8.08, "C": 8.42, ENSEMBLE: 7.52}),
    Column(REGRESSION, Sex.MALE.value, {"A": 6.67, ENSEMBLE: 6.30}),
    Column(REGRESSION, Sex.FEMALE.value, {"C": 6.79, ENSEMBLE: 6.49}),
    Column(CLASSIFICATION, Sex.MALE.value, {"A": 6.44, ENSEMBLE: 6.16}),
    Column(CLASSIFICATION, Sex.FEMALE.value, {"A": 6.85, "C": 6.85, ENSEMBLE: 6.39}),
    Column(CLASSIFICATION, MIXED),  # three of the 18 basic models; the paper's figure leaves them out
    # not in the paper: whether the mixed networks belong to the average of different models; here they do not
    Column(EITHER, BY_SEX, {ENSEMBLE: 6.10}),
)


def trial(shelf: Shelf, claim: str, first: Model, second: Model) -> Trial:
    """Whether the first model is better. Regions differ in size by nature: across them only the epochs are compared."""
    compare = shelf.alike if first.regions == second.regions else shelf.as_long
    fair = compare(first.networks, second.networks)
    return Trial(claim, first.answers(shelf), second.answers(shelf), fair)
