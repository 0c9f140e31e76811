"""The queue of all trainings behind the papers' tables: in order of value, one at a time, never lost, never done twice."""

from __future__ import annotations

import hashlib
import shutil
import tomllib
from collections.abc import Collection, Iterator
from enum import Enum
from pathlib import Path
from typing import NamedTuple

import torch
from pydantic import Field, ValidationError
from torch import nn

from boneage import dataset
from boneage.claim import alone, claimed
from boneage.dataset import Film, Part
from boneage.errors import BoneAgeError, Kind
from boneage.evaluate.looks import log_look
from boneage.evaluate.metrics import mae
from boneage.evaluate.network_answers import NetworkAnswers, Training, answers_hash, answers_path, write_answers, write_training
from boneage.evaluate.run import today
from boneage.found_hands import runs_folder
from boneage.train.answers import months_of
from boneage.train.export import averaged, epochs_before
from boneage.train.inputs import Inputs
from boneage.train.loop import Machine, Tell, read_log
from boneage.train.prepared_films import load_prepared
from boneage.train.published import Choice, PublishedTask, YearClasses
from boneage.train.published_task import films_of, readable
from boneage.train.recipe import Recipe, read_recipe
from boneage.train.run import run_claimed, run_folder

ASKED = (Part.SELECT, Part.TEST)  # what each network answers for the tables


class Row(Choice):
    """One training of the queue."""

    recipe: str  # its name; the file stands beside the queue's
    fills: str  # tables and figures of the papers
    minutes: int = Field(gt=0)  # expected, on one CPU core


class Stand(Enum):
    """How far a row is."""

    DONE = "done"
    STARTED = "started"
    WAITING = "waiting"


class Standing(NamedTuple):
    """A row with its recipe, and how far it is."""

    row: Row
    recipe: Recipe
    stand: Stand
    epochs_done: int


def read_queue(path: Path) -> tuple[tuple[Row, Recipe], ...]:
    """The rows, each with its recipe read. Raises BoneAgeError for a wrong row before any is trained."""
    try:
        values = tomllib.loads(path.read_text())
        rows = [Row.model_validate(row) for row in values["training"]]
    except (OSError, KeyError, UnicodeDecodeError, tomllib.TOMLDecodeError, ValidationError) as error:
        raise _bad(path, f"{type(error).__name__}: {error}") from error
    if twice := {row.recipe for row in rows if [other.recipe for other in rows].count(row.recipe) > 1}:
        raise _bad(path, f"{', '.join(sorted(twice))} more than once")
    recipes = [read_recipe(path.parent / f"{row.recipe}.toml") for row in rows]
    if other := [recipe.name for recipe in recipes if not isinstance(recipe.task, PublishedTask)]:
        raise _bad(path, f"{other[0]}, which is no published system's bone age network")
    return tuple(zip(rows, recipes, strict=True))


def look_over(path: Path, results: Path) -> tuple[Standing, ...]:
    """Every row and how far it is."""
    return tuple(Standing(row, recipe, *_stand(recipe, results)) for row, recipe in read_queue(path))


def work_through(
    path: Path, data: Path, results: Path, *, looks: Path, only: Collection[str] = (), machine: Machine, tell: Tell
) -> Iterator[tuple[str, Training | BoneAgeError]]:
    """Trains what is not done yet, in order; each network's answers are kept before the next begins. `only`: some networks.

    A training that cannot be run gives its error, and the rest goes on. Several processes may work through one queue: a row
    that another one has is passed over. One that starts from another row's weights waits until they are there; where that
    row's answers are kept but its run is not, it is trained again. `looks`: the record of looks at test.
    """
    rows = read_queue(path)
    if unknown := set(only) - {recipe.name for _, recipe in rows}:
        raise _bad(path, f"no training {sorted(unknown)[0]!r}")
    recipes = {recipe.name: recipe for _, recipe in rows}
    left = [(row, recipe) for row, recipe in rows if not only or recipe.name in only]
    while left:
        waiting = []
        for row, recipe in left:
            if answers_path(results, recipe.name).is_file():
                continue
            base = recipes.get(recipe.start.removeprefix("recipe:"))
            if base is not None and _epochs_done(base) < base.epochs and not _trained_again(base, data, results, machine, tell):
                waiting.append((row, recipe))
                continue
            with claimed(run_folder(recipe)) as free:
                if not free:
                    tell(f"{recipe.name}: another process trains it")
                elif not answers_path(results, recipe.name).is_file():  # it may have been done meanwhile
                    tell(f"{recipe.name}: {row.minutes} minutes, for {row.fills}")
                    yield recipe.name, _trained(row, recipe, data, results, looks=looks, machine=machine, tell=tell)
        if len(waiting) == len(left):
            for _, recipe in waiting:
                tell(
                    f"{recipe.name}: waits for {recipe.start.removeprefix('recipe:')}; call the queue again when that is trained"
                )
            return
        left = waiting


def _trained_again(base: Recipe, data: Path, results: Path, machine: Machine, tell: Tell) -> bool:
    """Whether a row's weights are there now: trained anew where its answers are kept, so that its own turn will not come."""
    if not answers_path(results, base.name).is_file():
        return False
    with claimed(run_folder(base)) as free:
        if free:
            tell(f"{base.name}: again, since others start from its weights")
            try:
                run_claimed(base, data, machine=machine, tell=tell)
            except BoneAgeError as error:  # what starts from it waits; the rest of the queue goes on
                tell(f"{base.name}: not trained: {error}")
                return False
    return free


def _trained(
    row: Row, recipe: Recipe, data: Path, results: Path, *, looks: Path, machine: Machine, tell: Tell
) -> Training | BoneAgeError:
    try:
        run_claimed(recipe, data, machine=machine, tell=tell)
        return keep(row, recipe, data, results, looks=looks, tell=tell)
    except BoneAgeError as error:
        return error


def keep(row: Row, recipe: Recipe, data: Path, results: Path, *, looks: Path, tell: Tell) -> Training:
    """A finished run's answers, learning curve, line in the table of all networks, and look at test."""
    assert isinstance(recipe.task, PublishedTask)
    model = averaged(recipe, run_folder(recipe) / "last.pt").model
    answers = answer(recipe, model, data, tell=tell)
    kept = answers_path(results, recipe.name)
    write_answers(beside := kept.with_suffix(".part"), answers)
    training = _training(row, recipe, model, data, answers=answers_hash(beside))
    test = answers.on(Part.TEST)
    with alone(runs_folder() / "queue", tell):  # other processes write the same two tables
        write_training(results, training)
        log_look(
            looks,
            date=training.date,
            system=recipe.name,
            weights=training.weights,
            split_hash=training.split_hash,
            films=len(test.films),
            mae=float(mae(test.truth, test.predicted)) if test.films else None,
            command=training.command,
        )
        shutil.copyfile(run_folder(recipe) / "log.csv", results / f"{recipe.name}-learning.csv")
        beside.replace(kept)  # last: this file says that all is kept
    return training


def answer(recipe: Recipe, model: nn.Module, data: Path, *, tell: Tell) -> NetworkAnswers:
    """What a trained network says of the select and test films it is for, of whatever age, prepared as the runtime does."""
    task = recipe.task
    assert isinstance(task, PublishedTask)
    films = readable(task.films, data, set(ASKED))
    prepared = load_prepared(data, films, task.films.way, task.films.scan, tell=tell)
    seen: list[Film] = [film for film in films if film.id in prepared.row_of]
    outputs = Inputs(prepared, task).outputs_of(model, seen, recipe.stages[-1].size, workers=0)
    classes = outputs.softmax(1).double().numpy() if isinstance(task.answer, YearClasses) else None
    months = months_of(task.answer, outputs).double().numpy()
    return NetworkAnswers(recipe.name, tuple(seen), months, classes)


def _training(row: Row, recipe: Recipe, model: nn.Module, data: Path, *, answers: str) -> Training:
    """Out of the run's log."""
    assert isinstance(recipe.task, PublishedTask)
    epochs = read_log(run_folder(recipe))
    films = dataset.read_films(data)
    trained = [film for film in films_of(recipe.task.films, data) if film.part is Part.TRAIN]
    scores = [float(epoch["select_mae"]) for epoch in epochs]
    height, width = recipe.stages[-1].size
    in_all = epochs_before(recipe.start) + recipe.epochs
    batch = recipe.optimizer.batch
    return Training(
        network=recipe.name,
        date=today(),
        fills=row.fills,
        size=f"{height} x {width}",
        epochs=in_all,
        films=len(trained),
        films_seen=in_all * (len(trained) // batch) * batch,
        parameters=sum(weights.numel() for weights in model.parameters()),
        select_mae=min(scores) if recipe.task.keep == "best" else scores[-1],
        minutes=round(sum(float(epoch["seconds"]) for epoch in epochs) / 60, 1),
        weights=_digest(model),
        answers=answers,
        split_hash=dataset.split_hash(films),
        command=f"boneage queue run recipes/queue.toml --only {recipe.name} --data DIR",
    )


def _digest(model: nn.Module) -> str:
    """Twelve hex digits over the weights."""
    digest = hashlib.sha256()
    for weights in model.state_dict().values():
        digest.update(weights.cpu().numpy().tobytes())
    return digest.hexdigest()[:12]


def _stand(recipe: Recipe, results: Path) -> tuple[Stand, int]:
    if answers_path(results, recipe.name).is_file():
        return Stand.DONE, recipe.epochs
    epochs = _epochs_done(recipe)
    return Stand.STARTED if epochs else Stand.WAITING, epochs


def _epochs_done(recipe: Recipe) -> int:
    checkpoint = run_folder(recipe) / "last.pt"
    if not checkpoint.is_file():
        return 0
    return int(torch.load(checkpoint, map_location="cpu", weights_only=True)["epoch"])


def _bad(path: Path, what: str) -> BoneAgeError:
    return BoneAgeError(
        Kind.BAD_RECIPE,
        came=f"queue {path}: {what}",
        expected="[[training]] tables with recipe, fills and minutes",
        todo="See recipes/queue.toml.",
    )
