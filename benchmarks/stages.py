"""Time of each stage of the standardizing and registering, beside decoding and the papers' own times, in one run.

    python benchmarks/stages.py FILM --out results/stages.csv

Medians of 30 on one film. Run it in the source tree (the published systems' networks lie in weights-lab/), on an otherwise
idle machine. The papers took their times on other films and machines: Lee 2017, "Deployment Time", 1.71 s a film to crop,
segment and preprocess; Ren 2018, discussion, 1.5 s a film with fetching from the archive and reading.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from one_film import WARM, median_seconds

from boneage.evaluate.flat import write_flat
from boneage.evaluate.run import today
from boneage.networks import LAB_WEIGHTS, load_network
from boneage.prepare import prepare
from boneage.prepare.enhanced import EnhancedHand, true_aspect
from boneage.prepare.registered import PaperPoints, RegisteredHand
from boneage.read import read
from boneage.read.polarity import corner_polarity
from boneage.register.fit import fit_frame
from boneage.register.keypoints import find_key_points, from_hand
from boneage.standardize import standardize
from boneage.standardize.detect import find_box
from boneage.standardize.hessian import fine_map
from boneage.standardize.histogram import TRAINING, match
from boneage.standardize.letterbox import letterbox
from boneage.standardize.masked import masked_and_normalized
from boneage.standardize.patches import class_scores, hand_of, label_map, patch_input
from boneage.standardize.unet import unet_mask
from boneage.standardize.vision import vision_pipeline
from boneage.systems import HAND_FINDER, WAYS
from boneage.types import Radiograph

PAPERS = {"lee-2017, whole preparation": 1.71, "ren-2018, whole preparation": 1.5}


def stages(film: Path) -> dict[str, Callable[[], object]]:
    """Every stage by name, ready to run on what the stages before it made of the film."""
    radiograph = read(film)
    iglovikov, lee = WAYS["iglovikov-2018"], WAYS["lee-2017"]
    assert isinstance(iglovikov, RegisteredHand)
    assert isinstance(lee, EnhancedHand)
    finder, unet, patches = (load_network(name) for name in (HAND_FINDER, iglovikov.mask, lee.mask))
    box = load_network("hand-box-2026-11")
    hand = standardize(radiograph, finder)
    keys = from_hand(hand.points, hand.confidence).moved(hand.to_source)
    mask = unet_mask(radiograph.pixels, unet, size=unet.card.size)
    aspect = true_aspect(radiograph, lee.finder, load=load_network)
    boxed, small = letterbox(radiograph.pixels)[0], patch_input(radiograph.pixels, aspect)[0]
    scores = class_scores(small, patches, lee.patches)
    boxed_mask = hand_of(label_map(scores, lee.patches))
    matched = match(radiograph.pixels, TRAINING)
    coarse = prepare(radiograph, WAYS["ren-2018"], load=load_network).crops[0].pixels
    return {
        "read (decode)": lambda: read(film),
        "polarity by corners": lambda: corner_polarity(radiograph.pixels),
        "size: letterbox to 512": lambda: letterbox(radiograph.pixels),
        "hand finder, two looks": lambda: standardize(radiograph, finder),
        "U-Net mask": lambda: unet_mask(radiograph.pixels, unet, size=unet.card.size),
        "patch CNN mask, 32 px at stride 4": lambda: hand_of(
            label_map(class_scores(patch_input(radiograph.pixels, aspect)[0], patches, lee.patches), lee.patches)
        ),
        "masked and normalized": lambda: masked_and_normalized(radiograph.pixels, mask),
        "vision pipeline": lambda: vision_pipeline(boxed, boxed_mask, lee.vision),
        "histogram matching": lambda: match(radiograph.pixels, TRAINING),
        "hand box": lambda: find_box(matched, box, size=box.card.size),
        "Hessian filter": lambda: fine_map(coarse),
        **_paper_points(radiograph),
        "fit and warp into the frame": lambda: fit_frame(keys.tip, keys.thumb, keys.capitate, iglovikov.frame).image(
            radiograph.pixels, iglovikov.frame.size
        ),
        **{f"{name}, whole preparation": _whole(radiograph, name) for name in WAYS},
    }


def _paper_points(film: Radiograph) -> dict[str, Callable[[], object]]:
    """The paper's key points, where its network was trained."""
    if not (LAB_WEIGHTS / f"{PaperPoints().network}.onnx").is_file():
        return {}
    points = load_network(PaperPoints().network)
    return {"key points by the paper's network": lambda: find_key_points(film.pixels, points)}


def _whole(film: Radiograph, name: str) -> Callable[[], object]:
    return lambda: prepare(film, WAYS[name], load=load_network)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("film", type=Path)
    arguments.add_argument("--out", type=Path, default=None)
    chosen = arguments.parse_args()
    spent = {name: median_seconds(action, WARM) for name, action in stages(chosen.film).items()}
    rows = [
        {
            "stage": name,
            "median_seconds": float(np.round(seconds, 5)),
            "times_decoding": seconds / spent["read (decode)"],
            "paper_seconds": PAPERS.get(name),
        }
        for name, seconds in spent.items()
    ]
    for row in rows:
        sys.stdout.write("{:42}{:>12.4f}{:>10.2f}  {}\n".format(*(value if value is not None else "" for value in row.values())))
    if chosen.out:
        height, width = read(chosen.film).size
        write_flat(chosen.out, rows, {"film_height": height, "film_width": width, "repeats": WARM, "date": today()})


if __name__ == "__main__":
    main()
