"""What a recipe of a published bone age network chooses: films, network, answer, loss."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from boneage.dataset import Scan


class Choice(BaseModel):
    """A table of a recipe: complete, frozen, no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Films(Choice):
    """Which films, and what of them the network gets to see."""

    way: str  # of preparing them, by its name in systems.WAYS
    crops: tuple[str, ...] = Field(min_length=1)  # one channel each
    cohort: Literal["female", "male", "both"]
    months: tuple[float, float]  # bone ages from (included) to (excluded), in training and in choosing
    scan: Scan = Scan.CHALLENGE
    domain: Literal["all", "low-contrast", "high-contrast"] = "all"  # train/domain.py
    most: int | None = Field(default=None, gt=0)  # films to train on; a smaller number's are among a larger number's


class Vgg(Choice):
    """Iglovikov 2018, figure 5 (models/vgg.py)."""

    kind: Literal["vgg"]
    filters: tuple[int, ...]  # of each block
    dense: tuple[int, ...]
    dropout: float = Field(ge=0, lt=1)


class LeeNetwork(Choice):
    """Lee 2017, table 1, and MobileNetV2 in GoogLeNet's place (models/lee_networks.py)."""

    kind: Literal["alexnet", "googlenet", "vgg16", "mobilenet_v2"]
    dropout: float = Field(ge=0, lt=1)
    trained_from: str  # "all", or the group of layers from which on weights are trained (figure 8)


class RegressionCnn(Choice):
    """Ren 2018, figure 2 and table II (models/regression_cnn.py)."""

    kind: Literal["regression-cnn"]
    backbone: Literal["inception_v3", "inception_v4", "resnet50", "resnet101", "densenet121", "densenet161"]
    dense: tuple[int, ...]
    dropout: float = Field(ge=0, lt=1)
    initial_sigma: float | Literal["scaled"]  # of the Gaussian the weights start from; scaled: He's, by each layer's inputs


class ResNet50(Choice):
    """The ResNet-50 / Inception-V4 study, figure 3 (models/resnet50.py)."""

    kind: Literal["resnet50-gelu"]
    dense: tuple[int, ...]


class InceptionV4(Choice):
    """The ResNet-50 / Inception-V4 study, figure 4 (models/inception_v4.py)."""

    kind: Literal["inception-v4-gelu"]
    dropout: float = Field(ge=0, lt=1)


class Months(Choice):
    """One number: months = center + scale times the output."""

    kind: Literal["months"]
    center_months: float
    scale_months: float = Field(gt=0)


class LogMonths(Choice):
    """One number: log(1 + months) = center + scale times the output, so that MSLE is a plain square of it.

    Not in the paper: from months themselves the network learns at about half the pace (EXPERIMENTS.md).
    """

    kind: Literal["log-months"]
    center: float
    scale: float = Field(gt=0)


class MonthClasses(Choice):
    """240 classes, the months 0..239; the expectation is the answer (Iglovikov 2018, section 4.2)."""

    kind: Literal["month-classes"]


class YearClasses(Choice):
    """14 classes, the years 5..18, floored; 18 and over is 18 (Lee 2017, "Data Categorization")."""

    kind: Literal["year-classes"]


class Mae(Choice):
    """Mean absolute error."""

    kind: Literal["mae"]


class CrossEntropy(Choice):
    """Of the true class."""

    kind: Literal["cross-entropy"]


class Attention(Choice):
    """The mean of alpha^k times the age (Ren 2018, equation 2); k goes from one to the other over a `share` of all epochs."""

    kind: Literal["attention"]
    first_k: float = Field(ge=1)
    last_k: float = Field(ge=1)
    share: float = Field(gt=0, le=1)


class Msle(Choice):
    """Mean squared logarithmic error, of 1 + months."""

    kind: Literal["msle"]


Network = Annotated[Vgg | LeeNetwork | RegressionCnn | ResNet50 | InceptionV4, Field(discriminator="kind")]
Answer = Annotated[Months | LogMonths | MonthClasses | YearClasses, Field(discriminator="kind")]
Loss = Annotated[Mae | CrossEntropy | Attention | Msle, Field(discriminator="kind")]


class PublishedTask(Choice):
    """A published system's bone age network."""

    kind: Literal["published"]
    keep: Literal["best", "last"]  # the weights of the epoch with the smallest error on select, or of the last
    films: Films
    network: Network
    answer: Answer
    loss: Loss

    @model_validator(mode="after")
    def _joins_both_sexes(self) -> Self:
        """A network that is told the sex serves both; the runtime tells it to none that reads one sex alone."""
        if isinstance(self.network, RegressionCnn) and self.films.cohort != "both":
            raise ValueError(f'a regression-cnn joins the sex, so its films.cohort is "both", not "{self.films.cohort}"')
        return self
