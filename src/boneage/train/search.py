"""The search for a better reference network: a list of recipes in order of promise, judged on select and never on test."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from pydantic import Field, ValidationError

from boneage import dataset
from boneage.claim import alone, claimed
from boneage.dataset import Film, Part
from boneage.errors import BoneAgeError, Kind
from boneage.evaluate.flat import write_flat
from boneage.evaluate.run import today
from boneage.found_hands import runs_folder
from boneage.train.loop import Machine, Tell, read_log
from boneage.train.published import Choice
from boneage.train.recipe import BoneAgeTask, Recipe, read_recipe
from boneage.train.run import run_claimed, run_folder
from boneage.train.teachers import Soft, answers, digest_of, trained
from boneage.types import MONTHS, Sex

TABLE = "search.csv"
MIRRORED = 2  # views of each film: as it is and mirrored
WORST = (60.0, 120.0)  # months: boys of this age are where everybody is worst


class Row(Choice):
    """One training of the search."""

    recipe: str  # its name; the file stands beside the list
    why: str
    minutes: int = Field(gt=0)  # expected, of one CPU core


@dataclass(frozen=True)
class Tried:
    """What a finished training says of select, in months; its answers are the mean of film and mirror image."""

    recipe: str
    why: str
    date: str
    films: int
    mae: float
    mae_plain: float  # without the mirror image, as the run's log has it
    bias: float
    mae_girls: float
    mae_boys: float
    mae_boys_5_to_10: float
    over_12: float  # share of the films with a larger error
    epochs: int
    size: str
    parameters: int
    minutes: float  # of this training; one that starts from another's weights had those of the other before
    weights: str
    split_hash: str


def read_search(path: Path) -> tuple[tuple[Row, Recipe], ...]:
    """The rows, each with its recipe read. Raises BoneAgeError for a wrong one before any is trained."""
    try:
        values = tomllib.loads(path.read_text())
        rows = [Row.model_validate(row) for row in values["training"]]
    except (OSError, KeyError, UnicodeDecodeError, tomllib.TOMLDecodeError, ValidationError) as error:
        raise _bad(path, f"{type(error).__name__}: {error}") from error
    names = [row.recipe for row in rows]
    if twice := {name for name in names if names.count(name) > 1}:
        raise _bad(path, f"{', '.join(sorted(twice))} more than once")
    recipes = [read_recipe(path.parent / f"{name}.toml") for name in names]
    if other := [recipe.name for recipe in recipes if not isinstance(recipe.task, BoneAgeTask)]:
        raise _bad(path, f"{other[0]}, which is no reference network")
    return tuple(zip(rows, recipes, strict=True))


def work_through(
    path: Path, data: Path, results: Path, *, only: Collection[str] = (), machine: Machine, tell: Tell
) -> Iterator[tuple[str, Tried | BoneAgeError]]:
    """Trains what is not in the table yet, in order. One that cannot be run, or waits for another, gives its error."""
    rows = read_search(path)
    if unknown := set(only) - {recipe.name for _, recipe in rows}:
        raise _bad(path, f"no training {sorted(unknown)[0]!r}")
    for row, recipe in rows:
        if recipe.name in {one["recipe"] for one in read_tried(results)} or (only and recipe.name not in only):
            continue
        with claimed(run_folder(recipe)) as free:
            if not free:
                tell(f"{recipe.name}: another process trains it")
                continue
            tell(f"{recipe.name}: {row.minutes} minutes of one core: {row.why}")
            try:
                run_claimed(recipe, data, machine=machine, tell=tell)
                yield recipe.name, keep(row, recipe, data, results, device=machine.device, tell=tell)
            except BoneAgeError as error:
                yield recipe.name, error


def keep(row: Row, recipe: Recipe, data: Path, results: Path, *, device: str, tell: Tell) -> Tried:
    """A finished run's answers to select into the runs folder, its figures into the table."""
    _, model = trained(run_folder(recipe) / "last.pt", recipe.name)
    weights = digest_of(model)
    says = answers(recipe, model.to(device), data, Part.SELECT, views=MIRRORED)
    kept = _answers(recipe.name)
    kept.parent.mkdir(parents=True, exist_ok=True)
    np.savez(kept, ids=np.array(sorted(says)), soft=np.stack([says[film_id] for film_id in sorted(says)]))
    everything = dataset.read_films(data)
    epochs = read_log(run_folder(recipe))
    height, width = recipe.stages[-1].size
    tried = Tried(
        recipe=recipe.name,
        why=row.why,
        date=today(),
        **figures(says, dataset.by_id(everything)),  # type: ignore[arg-type]
        mae_plain=float(epochs[-1]["select_mae"]),
        epochs=recipe.epochs,
        size=f"{height} x {width}",
        parameters=sum(value.numel() for value in model.parameters()),
        minutes=round(sum(float(epoch["seconds"]) for epoch in epochs) / 60, 1),
        weights=weights,
        split_hash=dataset.split_hash(everything),
    )
    with alone(runs_folder() / "search", tell):  # other processes write the same table
        others = [one for one in read_tried(results) if one["recipe"] != recipe.name]
        write_flat(results / TABLE, [*others, asdict(tried)], {})
    return tried


def figures(says: dict[int, Soft], films: dict[int, Film]) -> dict[str, float]:
    """Of distributions by id against the films' labels."""
    ids = sorted(says)
    truth = np.array([films[film_id].bone_age_months for film_id in ids])
    boys = np.array([films[film_id].sex is Sex.MALE for film_id in ids])
    errors = np.stack([says[film_id] for film_id in ids]) @ np.arange(MONTHS) - truth
    size, worst = np.abs(errors), boys & (truth >= WORST[0]) & (truth < WORST[1])
    return {
        "films": len(ids),
        "mae": float(size.mean()),
        "bias": float(errors.mean()),
        "mae_girls": _mean(size[~boys]),
        "mae_boys": _mean(size[boys]),
        "mae_boys_5_to_10": _mean(size[worst]),
        "over_12": float((size > 12).mean()),
    }


def blend(names: Sequence[str], data: Path) -> dict[str, float]:
    """Figures on select of the mean distribution of some finished trainings: what an ensemble of them would do."""
    each = [_kept(name) for name in names]
    ids = sorted(set.intersection(*(set(one) for one in each)))
    mean = {film_id: np.asarray(np.mean([one[film_id] for one in each], axis=0), np.float32) for film_id in ids}
    return figures(mean, dataset.by_id(dataset.read_films(data)))


def best_blend(names: Sequence[str], data: Path) -> list[tuple[str, float]]:
    """Greedily: the best network, then whichever lowers the mean's MAE the most, until none does. Each with the MAE so far."""
    chosen, left = list[tuple[str, float]](), list(names)
    while left:
        error, name = min((blend([*(one for one, _ in chosen), name], data)["mae"], name) for name in left)
        if chosen and error >= chosen[-1][1]:
            break
        chosen.append((name, error))
        left.remove(name)
    return chosen


def read_tried(results: Path) -> list[dict[str, str]]:
    """The table's rows; none where there is no table."""
    if not (results / TABLE).is_file():
        return []
    with (results / TABLE).open(newline="") as lines:
        return list(csv.DictReader(lines))


def _kept(name: str) -> dict[int, Soft]:
    path = _answers(name)
    if not path.is_file():
        raise BoneAgeError(
            Kind.BAD_RECIPE,
            came=f"{name} without answers to select",
            expected="a training of the search that is finished",
            todo=f"Train it: boneage search run --only {name} --data DIR",
        )
    with np.load(path) as table:
        return dict(zip(table["ids"].tolist(), table["soft"], strict=True))


def _answers(name: str) -> Path:
    return runs_folder() / "search" / f"{name}-select.npz"


def _mean(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    return float(values.mean()) if len(values) else float("nan")


def _bad(path: Path, what: str) -> BoneAgeError:
    return BoneAgeError(
        Kind.BAD_RECIPE,
        came=f"search {path}: {what}",
        expected="[[training]] tables with recipe, why and minutes",
        todo="See recipes/search/queue.toml.",
    )
