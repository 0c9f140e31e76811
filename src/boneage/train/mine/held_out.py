"""Masks of held-out films that the unattended rule accepts: for measuring other masks against, never for training."""

from __future__ import annotations

from pathlib import Path

from boneage import dataset
from boneage.dataset import Part
from boneage.found_hands import load_found, runs_folder
from boneage.networks import OnnxNetwork
from boneage.standardize.segment import clean
from boneage.standardize.size import unit
from boneage.standardize.unet import unet_probability
from boneage.train.mine.decide import faults
from boneage.train.mine.disk import write_mask
from boneage.train.mine.points import Known
from boneage.train.mine.score import SURE, score
from boneage.train.mine.settings import Rule


def accepted_masks(network: OnnxNetwork, data: Path) -> Path:
    """The folder of ID.png of all accepted masks of select, calibrate and test; made once per network."""
    folder = runs_folder() / "held-out-masks" / f"{network.card.name}-{network.card.sha256[:12]}"
    whole = folder / "complete"
    if whole.is_file():
        return folder
    films = [film for film in dataset.read_films(data) if film.part is not Part.TRAIN]
    images, hands = load_found(data, films)
    for film_id, film in images.items():
        hand = hands[film_id]
        known = Known(False, hand.inverted, hand.presence, hand.points, hand.confidence)
        probability = unet_probability(unit(film), network, size=network.card.size)
        raw = probability >= SURE
        if not faults(score(film, raw, known, probability=probability, before=None), Rule()):
            write_mask(folder / f"{film_id}.png", clean(raw))
    whole.touch()
    return folder
