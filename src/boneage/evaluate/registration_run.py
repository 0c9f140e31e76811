"""The registration of all films judged, and the judge itself: from the data set to the tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from boneage import dataset
from boneage.dataset import Part
from boneage.errors import BoneAgeError
from boneage.evaluate.joint_figures import LabelRow, label_rows, write_labels
from boneage.evaluate.judge import JOINT_DETECTOR, Judged, judge
from boneage.evaluate.registration import Bytes, landings, side_by_side, turned_landings
from boneage.evaluate.registration_table import (
    HELD_OUT,
    Row,
    judge_rows,
    landing_rows,
    turned_rows,
    write_failing,
    write_registration,
)
from boneage.evaluate.run import today
from boneage.geometry import PixelMap
from boneage.joint_boxes import read_boxed_films
from boneage.networks import OnnxNetwork, load_network
from boneage.standardize.size import STANDARD, standard_bytes, unit
from boneage.systems import HAND_FINDER


def measure_registration(data: Path, out: Path, *, failing: Path | None, every: int) -> list[Row]:
    """Where tip and capitate of every film land, upright, mirrored and turned; writes `out/registration.csv`.

    `failing`: a CSV of the films that did not land, for the eye. `every`: one film of so many, for a trial.
    """
    finder, detector = load_network(HAND_FINDER), load_network(JOINT_DETECTOR)
    films = dataset.read_films(data)
    ids = {film.id for film in films[::every]}
    held_out = {film.id for film in films[::every] if film.part in HELD_OUT}
    landed = list(landings(_frames(data, ids), finder=finder, detector=detector, sizes=dataset.read_sizes(data)))
    turned = list(turned_landings(_frames(data, held_out), finder=finder))
    rows = [*landing_rows(landed), *turned_rows(turned), *_judge(data, detector)]
    origin = {
        "date": today(),
        "split_hash": dataset.split_hash(films),
        "finder": f"{finder.card.name} {finder.card.sha256[:12]}",
        "judge": f"{detector.card.name} {detector.card.sha256[:12]}",
    }
    write_registration(out / "registration.csv", rows, origin)
    if failing is not None:
        write_failing(failing, [*landed, *(landing for landing, _ in turned)])
    return rows


def measure_joints(data: Path, out: Path) -> list[LabelRow]:
    """How well the judge finds the boxes of select films, label by label; writes `out/joint-detector-...-select.csv`."""
    detector = load_network(JOINT_DETECTOR)
    boxed = [film for film in read_boxed_films(data) if dataset.part_of(film.id) is Part.SELECT]
    rows = label_rows(_frames(data, {film.id for film in boxed}), boxed, detector)
    origin = {
        "date": today(),
        "split_hash": dataset.split_hash(dataset.read_films(data)),
        "weights": f"{detector.card.name} {detector.card.sha256[:12]}",
    }
    write_labels(out / f"{JOINT_DETECTOR}-{Part.SELECT.value}.csv", rows, origin)
    return rows


def _frames(folder: Path, ids: set[int]) -> Iterator[tuple[int, Bytes]]:
    """The films in the standard frame, as the runtime meets them."""
    for film_id, image in dataset.iterate_images(folder, ids):
        yield film_id, standard_bytes(image)


def _judge(folder: Path, detector: OnnxNetwork) -> list[Row]:
    """The judge's own error on the annotated films that it was not trained on."""
    hands, boxed = dataset.read_hands(folder), read_boxed_films(folder)
    ids = {*(hand.id for hand in hands), *(film.id for film in boxed)}
    annotated = {film_id for film_id in ids if dataset.part_of(film_id) in HELD_OUT}
    to_fractions = PixelMap.resize(STANDARD, (1, 1))

    def look(item: tuple[int, Bytes]) -> tuple[int, Judged | None]:
        try:
            return item[0], judge(unit(item[1]), detector).moved(PixelMap.shift(0.5, 0.5) @ to_fractions)
        except BoneAgeError:
            return item[0], None

    seen = {film_id: found for film_id, found in side_by_side(look, _frames(folder, annotated)) if found is not None}
    return list(judge_rows(seen, hands, boxed))
