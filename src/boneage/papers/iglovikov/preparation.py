"""Iglovikov 2018, figures 3, 4, 6 and 7: how a film is prepared, shown on phantoms; and the rounds of positive mining."""

from __future__ import annotations

import csv
from pathlib import Path

from boneage.papers.iglovikov.networks import PAPER_SIZES
from boneage.papers.page import COMMAND, PHANTOMS, UNDRAWN, Exhibit, How, blocks, drawn, table, times
from boneage.papers.shelf import Shelf

ROUNDS = {
    "step": "step",
    "trained_on": "trained on",
    "predicted": "predicted",
    "kept_by_rule": "kept by rule",
    "newly_accepted": "newly accepted",
    "rule": "rule",
    "mean_iou_on_28_corrected_select_films": "mean IoU on 28 films corrected by eye",
}


def figure_3(shelf: Shelf, out: Path) -> Exhibit:
    """Positive mining: the loop in pictures, its rounds in figures."""
    words = (
        f"{PHANTOMS}: (A) a film, (B) its first mask, (C) a new film, (D) the network's raw prediction, (E) its largest "
        "part with the holes filled, (F) film and mask together for a look, which would discard this one for the bay at its "
        "wrist. Masks that are kept join the training set of the next round. The rounds below were run on the real films. The "
        "paper labels 100 masks by hand, looks over all predictions, repeats that 6 times, and labels about 100 corner cases "
        "more; here the first masks come from GrabCut on hands that are easy, a rule keeps or discards, and 48 masks corrected "
        "by eye joined the last training."
    )
    body = _drawn(out, 3, "Six panels: film, mask, new film, raw prediction, cleaned prediction, outline")
    rounds = shelf.results / "mining.csv"
    if rounds.is_file():
        with rounds.open(newline="") as lines:
            rows = [[_thousands(row[name]) for name in ROUNDS] for row in csv.DictReader(lines)]
        body = blocks(body, table(tuple(ROUNDS.values()), rows))
    return Exhibit("Figure 3", "positive mining with U-Net", How.STAND_IN, words, body, COMMAND)


def figure_4(out: Path) -> Exhibit:
    """Key points and registration."""
    words = (
        f"{PHANTOMS}. Yellow: the middle finger's tip; blue: the thumb's; red: the capitate's center; white rings: where tip and "
        "capitate are to lie. Left, a turned left hand; right, a right hand, which the thumb's point tells and which is "
        "mirrored. The points are the hand finder's, as in the system `iglovikov-2018`; the paper's own network is "
        "`key-points-2026-11`, and how well both do stands in `results/key-points.csv`."
    )
    body = _drawn(out, 4, "Two hands with their key points, before and after registration")
    return Exhibit("Figure 4", "image registration", How.STAND_IN, words, body, COMMAND)


def figure_6(out: Path) -> Exhibit:
    """The preparation, step by step."""
    words = (
        f"{PHANTOMS}; a column each, from 3 to 15 years. On a film with a bright border (the fifth) the mask "
        "frays at the wrist. `boneage prepare FILE --as iglovikov-2018 --out FOLDER` shows the same "
        "of a film of one's own."
    )
    body = _drawn(out, 6, "Original, masked, normalized and registered hands in four rows")
    return Exhibit("Figure 6", "preprocessing pipeline", How.STAND_IN, words, body, COMMAND)


def figure_7(out: Path) -> Exhibit:
    """The three regions."""
    sizes = ", ".join(f"{region} {times(size)}" for region, size in PAPER_SIZES.items())
    words = (
        f"{PHANTOMS}; sizes as in the paper ({sizes} pixels of the 2080 x 1600 frame). Not in the paper: where the regions lie "
        "in the frame. Below, the same on the average of many registered films (`boneage measure average-hands`)."
    )
    body = blocks(
        _drawn(out, 7, "A registered hand with three boxes, and each region cut out"),
        drawn(out, "../regions.png", "The regions on an average registered hand", "boneage measure average-hands --data DIR"),
    )
    return Exhibit("Figure 7", "a registered radiograph with three regions", How.STAND_IN, words, body, COMMAND)


def _drawn(out: Path, number: int, words: str) -> str:
    """A figure's picture of phantoms."""
    return drawn(out, f"iglovikov-2018-figure-{number}.png", words, UNDRAWN)


def _thousands(text: str) -> str:
    """1234 as 1,234."""
    return f"{int(text):,}" if text.isdigit() else text
