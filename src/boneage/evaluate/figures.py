"""The figures of a network's card: small enough that a test reproduces them, on select films."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from boneage import dataset
from boneage.dataset import Part
from boneage.evaluate.boxes import measure_boxes
from boneage.evaluate.joint_figures import label_rows
from boneage.evaluate.key_points import by_paper, measure_key_points
from boneage.evaluate.masks import TRUTH, corrected, masker
from boneage.evaluate.metrics import mae
from boneage.evaluate.run import ask
from boneage.joint_boxes import read_boxed_films
from boneage.networks import load_network
from boneage.read import read
from boneage.standardize import find_hand
from boneage.standardize.segment import iou
from boneage.standardize.size import standard_bytes, standard_frame
from boneage.systems import HAND_FINDER, REFERENCE, System
from boneage.template import MIDDLE_TIP, WRIST

FILMS = 100  # the first of the select part, by id
LAB_FILMS = 40  # of a published system, whose preparation takes longer
MASKS = 12  # the first corrected masks, by id


def age_figures(system: System, data: Path) -> dict[str, float]:
    """MAE in months over the first select films of those that it reads, of a system or one of its networks alone."""
    ours = system.way == REFERENCE.way
    answers = ask(system, data, Part.SELECT, limit=FILMS if ours else LAB_FILMS, evenly=not ours)  # low ids are harder to read
    return {"films": len(answers.films), "select_mae_months": round(float(mae(answers.truth, answers.months)), 3)}


def finder_figures(finder: str, data: Path) -> dict[str, float]:
    """Error of the 21 points on the annotated select hands, in percent of hand length, in true proportion."""
    network = load_network(finder)
    hands = {hand.id: hand for hand in dataset.read_hands(data) if dataset.part_of(hand.id) is Part.SELECT}
    errors = []
    for film_id, file in dataset.iterate_files(data, set(hands)):
        frame, _ = standard_frame(read(file).pixels)
        true_size = np.array(hands[film_id].size[::-1])
        found = (find_hand(frame, network).points + 0.5) / frame.shape[0] * true_size
        truth = hands[film_id].points * true_size
        length = np.linalg.norm(truth[WRIST] - truth[MIDDLE_TIP])
        errors.append(np.linalg.norm(found - truth, axis=1) / length * 100)
    return {
        "hands": len(errors),
        "select_median_percent": round(float(np.median(errors)), 2),
        "select_p95_percent": round(float(np.percentile(errors, 95)), 2),
    }


def mask_figures(name: str, data: Path, truth: Path = TRUTH) -> dict[str, float]:
    """Mean IoU of a mask network on the first held-out masks corrected by eye."""
    mask_of = masker(load_network(name))
    overlaps = [iou(mask_of(film, film.shape[1] / film.shape[0]), mask) for film, mask in corrected(data, truth, limit=MASKS)]
    return {"films": len(overlaps), "mean_iou": round(float(np.mean(overlaps)), 4)}


def key_point_figures(name: str, data: Path) -> dict[str, float]:
    """Median error of the three points on the annotated select hands, in percent of hand length."""
    hands = [hand for hand in dataset.read_hands(data) if dataset.part_of(hand.id) is Part.SELECT]
    rows = measure_key_points(by_paper(name), data, hands=hands)
    return {
        "hands": len(hands),
        **{f"select_median_percent_{row.point.replace(' ', '_')}": round(row.median_percent, 2) for row in rows},
    }


def box_figures(name: str, data: Path) -> dict[str, float]:
    """Mean IoU of the hand box on the annotated select hands."""
    network = load_network(name)
    (row, _) = measure_boxes(data, network, size=network.card.size, finder=load_network(HAND_FINDER), parts=(Part.SELECT,))
    return {"hands": row.films, "select_mean_iou": row.mean_iou}


def joint_figures(name: str, data: Path) -> dict[str, float]:
    """Share of the annotated select boxes that the joint detector finds, and its median error."""
    boxed = [film for film in read_boxed_films(data) if dataset.part_of(film.id) is Part.SELECT]
    films = ((film_id, standard_bytes(image)) for film_id, image in dataset.iterate_images(data, {film.id for film in boxed}))
    row = label_rows(films, boxed, load_network(name))[0]
    return {"boxes": row.boxes, "select_found": round(row.found, 4), "select_median_percent": round(row.median, 2)}
