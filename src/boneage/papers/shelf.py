"""The trained networks' answers as the papers' tables need them: single, averaged, by sex, by age; or the command that is due."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from boneage.dataset import Film, Part
from boneage.errors import BoneAgeError, Kind
from boneage.evaluate.metrics import bootstrap, mae, mean
from boneage.evaluate.network_answers import (
    TRAININGS,
    NetworkAnswers,
    Training,
    answers_hash,
    answers_path,
    read_answers,
    read_trainings,
)
from boneage.evaluate.paired import paired_t_test
from boneage.papers.page import COMMAND, Exhibit, How, blocks, how_far

Wanted = Callable[[Film], bool]
FEWEST_FILMS = 5  # for limits
SEED, RESAMPLES = 0, 2000


@dataclass(frozen=True, eq=False)
class Shelf:
    """All networks under results/."""

    results: Path
    films: Mapping[int, Film]  # the data set's labels by id, which the answers are joined with
    part: Part = Part.TEST
    _read: dict[str, NetworkAnswers | None] = field(default_factory=dict, init=False)

    @cached_property
    def trainings(self) -> dict[str, Training]:
        return {training.network: training for training in read_trainings(self.results)}

    def answers(self, network: str) -> NetworkAnswers | None:
        """What a network said of the part's films; None: not run."""
        if network not in self._read:
            found = read_answers(self.results, network, self.films)
            if found is not None:
                self._check(network)
            self._read[network] = None if found is None else found.on(self.part)
        return self._read[network]

    def _check(self, network: str) -> None:
        """The answers are those of the training that the table of all tells of."""
        line, file = self.trainings.get(network), answers_path(self.results, network)
        if line is None or line.answers != answers_hash(file):
            raise BoneAgeError(
                Kind.BAD_DATA,
                came=f"{file}, which is not the answers of {network}'s line in {self.results / TRAININGS}",
                expected="a line with the hash of that file, as `boneage queue run` writes them",
                todo="Bring back the committed ones, or delete the file and run the queue again.",
            )

    def averaged(self, networks: Sequence[str]) -> NetworkAnswers | None:
        """The linear average of several networks on the films that all of them answered; None: not all were run."""
        found = [self.answers(network) for network in networks]
        return None if any(one is None for one in found) else average([one for one in found if one is not None])

    def exhibit(
        self, number: str, title: str, how: How, words: str, parts: Sequence[str], networks: Sequence[str], command: str = COMMAND
    ) -> Exhibit:
        """A table or figure of those networks: `how` where all were run; their budget, and the commands of those to be run."""
        missing, budget = self.not_run(networks), self.budget(networks)
        far = how_far(len(set(networks)), len(missing))
        trained = f" Trained with {budget}." if budget else ""
        body = blocks(*parts, commands(missing))
        return Exhibit(number, title, how if far is How.MADE else far, f"{words}{trained}", body, command)

    def budget(self, networks: Sequence[str]) -> str:
        """Size, epochs and films seen of networks that were run: "160 x 120; 16 epochs; 89,000 films seen"; of none: ""."""
        rows = [self.trainings[name] for name in networks if name in self.trainings]
        if not rows:
            return ""
        sizes, epochs = ({getattr(row, what) for row in rows} for what in ("size", "epochs"))
        seen = sorted({round(row.films_seen, -3) for row in rows})
        films = f"{seen[0]:,}" if len(seen) == 1 else f"{seen[0]:,} to {seen[-1]:,}"
        return f"{_listed(sizes)}; {_listed(epochs)} epochs; {films} films seen"

    def alike(self, first: Sequence[str], second: Sequence[str]) -> bool:
        """Whether two rows were trained alike: the same sizes and epochs. Only then may one be called better."""
        return self._same(first, second, lambda row: (row.size, row.epochs))

    def as_long(self, first: Sequence[str], second: Sequence[str]) -> bool:
        """Whether two rows were trained for as many epochs: where their inputs' sizes differ by nature, as regions' do."""
        return self._same(first, second, lambda row: row.epochs)

    def not_run(self, networks: Sequence[str]) -> tuple[str, ...]:
        """Those that have no answers yet, each once."""
        return tuple(name for name in dict.fromkeys(networks) if self.answers(name) is None)

    def _same(self, first: Sequence[str], second: Sequence[str], what: Callable[[Training], object]) -> bool:
        """An untrained network is like none."""
        if not all(name in self.trainings for name in (*first, *second)):
            return False
        rows = [{what(self.trainings[name]) for name in names} for names in (first, second)]
        return rows[0] == rows[1]


def command(network: str) -> str:
    """What makes one network's answers."""
    return f"boneage queue run --only {network} --data DIR"


def commands(networks: Sequence[str]) -> str:
    """A block of Markdown with the command of each network that is still to be run; none where all were."""
    return "\n".join(("Not run yet:", "", "```", *map(command, networks), "```")) if networks else ""


def average(answers: Sequence[NetworkAnswers]) -> NetworkAnswers:
    """The mean of the months on the films that all answered, by id."""
    common = set.intersection(*(set(one.films) for one in answers))
    films = tuple(sorted(common, key=lambda film: film.id))
    months = [dict(zip(one.films, one.predicted, strict=True)) for one in answers]
    predicted = np.array([[said[film] for said in months] for film in films]).reshape(len(films), len(answers)).mean(1)
    return NetworkAnswers(" + ".join(one.network for one in answers), films, predicted)


def together(answers: Sequence[NetworkAnswers]) -> NetworkAnswers:
    """Networks that each read one sex, as one that reads both."""
    films = tuple(film for one in answers for film in one.films)
    if len(set(films)) != len(films):
        raise ValueError("networks that share no film are expected")
    predicted = np.concatenate([one.predicted for one in answers])
    classes = [one.classes for one in answers if one.classes is not None]
    joined = np.concatenate(classes) if len(classes) == len(answers) else None
    return NetworkAnswers(" + ".join(one.network for one in answers), films, predicted, joined)


@dataclass(frozen=True)
class Mean:
    """A mean absolute error in months with its 95 % bootstrap limits by film; nan limits where there are too few films."""

    films: int
    mae: float
    low: float
    high: float

    def __str__(self) -> str:
        if not self.films:
            return "no films"
        limits = "" if np.isnan(self.low) else f" ({self.low:.1f}-{self.high:.1f})"
        return f"{self.mae:.2f}{limits}"


def mean_error(answers: NetworkAnswers, wanted: Wanted = lambda film: True) -> Mean:
    """MAE over some of the films."""
    some = answers.where(wanted)
    if not some.films:
        return Mean(0, np.nan, np.nan, np.nan)
    if len(some.films) < FEWEST_FILMS:
        return Mean(len(some.films), float(mae(some.truth, some.predicted)), np.nan, np.nan)
    ((low, high),) = bootstrap((mae,), some.truth, some.predicted, seed=SEED, resamples=RESAMPLES)
    return Mean(len(some.films), float(mae(some.truth, some.predicted)), low, high)


@dataclass(frozen=True)
class Contest:
    """Two rows on the films that both answered."""

    films: int
    first: float  # MAE, months
    second: float
    p: float  # paired t-test on the absolute errors, two-sided
    low: float = np.nan  # 95 % bootstrap limits of first less second, months; nan for too few films
    high: float = np.nan

    @property
    def first_is_better(self) -> bool:
        """With a p under 0.05."""
        return self.first < self.second and self.p < 0.05

    def __str__(self) -> str:
        return f"{self.first:.2f} against {self.second:.2f} months on {self.films} films, paired t-test p {readable(self.p)}"


def contest(first: NetworkAnswers, second: NetworkAnswers) -> Contest:
    """Raises ValueError where they have no film in common."""
    common = set(first.films) & set(second.films)
    a, b = (sorted_by_id(one.where(common.__contains__)) for one in (first, second))
    if not common:
        raise ValueError("films that both answered are expected")
    errors = [np.abs(one.errors) for one in (a, b)]
    low, high = np.nan, np.nan
    if len(common) >= FEWEST_FILMS:
        ((low, high),) = bootstrap((mean,), errors[0] - errors[1], seed=SEED, resamples=RESAMPLES)
    return Contest(len(common), float(errors[0].mean()), float(errors[1].mean()), paired_t_test(*errors), low, high)


def sorted_by_id(answers: NetworkAnswers) -> NetworkAnswers:
    order = np.argsort([film.id for film in answers.films])
    films = tuple(answers.films[k] for k in order)
    classes = None if answers.classes is None else answers.classes[order]
    return NetworkAnswers(answers.network, films, answers.predicted[order], classes)


def readable(p: float) -> str:
    return "under 0.0001" if p < 1e-4 else f"{p:.2g}"


def signed(number: float) -> str:
    """Two decimals with a sign that is not a hyphen."""
    return f"{number:+.2f}".replace("-", "\N{MINUS SIGN}")


def _listed(values: set[str] | set[int]) -> str:
    return ", ".join(str(value) for value in sorted(values))
