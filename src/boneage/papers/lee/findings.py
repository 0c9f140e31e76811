"""What Lee 2017 finds, put to the test on our networks' answers; errors in months, as in all papers' findings here."""

from __future__ import annotations

import csv
from pathlib import Path

from boneage.evaluate.compare import holm
from boneage.evaluate.hand_regions import CARPAL, PHALANGES, RADIUS_ULNA
from boneage.evaluate.metrics import Array
from boneage.papers.attention import densities
from boneage.papers.lee.attention import COMMAND, FilmAttention, read_attention
from boneage.papers.lee.networks import (
    DEPTHS,
    GAMMAS,
    M1,
    M2,
    M3,
    M3_STAND_IN,
    M4,
    M4_STAND_IN,
    NO_WEIGHTS,
    RATES,
    SCRATCH,
    Model,
    answers_of,
    depth_network,
    grid_network,
)
from boneage.papers.page import PEOPLE, Finding, Verdict
from boneage.papers.shelf import FEWEST_FILMS, Shelf, mean_error, readable
from boneage.papers.stages import MAJOR
from boneage.papers.trials import ALPHA, Trial, told, try_all, verdict, welch
from boneage.types import Sex

PRE, PUBERTY, POST = (MAJOR[0],), MAJOR[1:3], (MAJOR[3],)
# region, where it counts more, where less: "The prepubertal attention maps (a) focus on carpal bones ...", figure 10's text
ATTENTION = ((CARPAL, PRE, PUBERTY), (PHALANGES, PUBERTY, PRE), (RADIUS_ULNA, POST, PUBERTY))
FIGURE = "paired on the films that both read, from 5 years on"


def findings(shelf: Shelf) -> tuple[Finding, ...]:
    """Each of them; open where a row is missing, or where the rows' budgets differ."""
    return (
        order_of_models(shelf),
        fine_tuning(shelf),
        all_layers(shelf),
        base_rate(shelf),
        patch_and_stride(shelf),
        attention(shelf),
    )


def order_of_models(shelf: Shelf) -> Finding:
    """Section "Test Accuracy": "neural network generalization improved with the use of preprocessed and augmented data"."""
    steps = ((M2, M1), (M3, M2), (M3, M1))
    trials = [_trial(shelf, f"{PEOPLE[sex]}, {a.name} before {b.name}", a, b, sex) for sex in Sex for a, b in steps[:2]]
    tried = try_all(trials)
    whole = try_all([_trial(shelf, f"{PEOPLE[sex]}, M3 before M1", M3, M1, sex) for sex in Sex])
    words = f"GoogLeNet from scratch, {FIGURE}: {told(tried)}. Both steps at once: {told(whole)}."
    return Finding("Preprocessing lowers the error, augmentation lowers it further (M1 > M2 > M3).", verdict(tried), words)


def fine_tuning(shelf: Shelf) -> Finding:
    """M4 is the best of the four, figure 9."""
    tried = try_all([_trial(shelf, PEOPLE[sex], M4_STAND_IN, M3_STAND_IN, sex) for sex in Sex])
    own = "no ImageNet weights here"
    if len(shelf.not_run(NO_WEIGHTS)) < len(NO_WEIGHTS):
        own = told(try_all([_trial(shelf, PEOPLE[sex], M4, M3, sex) for sex in Sex]))
    words = f"With MobileNetV2 in GoogLeNet's place, fine-tuned before from scratch: {told(tried)}. With GoogLeNet: {own}."
    return Finding("Fine-tuning from ImageNet is better than training from scratch (M3 > M4).", verdict(tried), words)


def all_layers(shelf: Shelf) -> Finding:
    """Section "Optimal Depth of Fine Tuning": "fine-tuning weights of all layers is the best scheme for BAA"."""
    *some, every = DEPTHS
    names = {depth: depth_network(depth) for depth in DEPTHS}
    rivals = {f"before those from {depth} on": names[depth] for depth in reversed(some)} | {"before scratch": SCRATCH}
    tried = try_all([_pair(shelf, words, names[every], name) for words, name in rivals.items()])
    found = {depth: answers_of(shelf, name) for depth, name in names.items()}
    errors = {depth: mean_error(one).mae for depth, one in found.items() if one is not None}
    order = f" Best first: {', '.join(sorted(errors, key=errors.__getitem__))}." if len(errors) == len(found) else ""
    words = f"MobileNetV2, girls, all layers: {told(tried)}.{order}"
    return Finding("Fine-tuning all layers is the best.", verdict(tried), words)


def base_rate(shelf: Shelf) -> Finding:
    """Section "Optimal Depth of Fine Tuning": "0.01 was employed for training from scratch"."""
    claim = "Of the grid, a base rate of 0.01 is best from scratch."
    best: dict[str, str] = {}
    for rate in RATES:
        names = [grid_network(rate, gamma) for gamma in GAMMAS]
        if any(name not in shelf.trainings or answers_of(shelf, name) is None for name in names):
            return Finding(claim, Verdict.OPEN, "The grid: not run.")
        best[rate] = min(names, key=lambda name: shelf.trainings[name].select_mae)
    *others, taken = RATES
    tried = try_all([_pair(shelf, f"{taken} before {rate}", best[taken], best[rate]) for rate in others])
    words = f"GoogLeNet, girls; of each rate the gamma that is best on the select part: {told(tried)}."
    return Finding(claim, verdict(tried), words)


def patch_and_stride(shelf: Shelf) -> Finding:
    """Figure 5: "a 32 x 32 image patch size and a stride of 4 are the optimal configuration with a mIoU of 0.92"."""
    claim = "Patches of 32 x 32 at a stride of 4 make the best masks, mIoU 0.92."
    rows = read_grid(shelf.results)
    if (32, 4) not in rows:
        return Finding(claim, Verdict.OPEN, "`boneage measure patch-grid --data DIR`: not run.")
    best = max(rows, key=lambda cell: rows[cell])
    ours = rows[32, 4]
    words = (
        f"Best: patches of {best[0]} at a stride of {best[1]}, mIoU {rows[best]:.3f}; at 32 and 4 {ours:.3f}. No test: no "
        "figures by film were kept. The masks it is measured against are the U-Net's, accepted by a rule."
    )
    return Finding(claim, Verdict.CONFIRMED if best == (32, 4) else Verdict.NOT_CONFIRMED, words)


def attention(shelf: Shelf) -> Finding:
    """The text of "Attention Map"."""
    claim = "The networks look at carpals before puberty, at phalanges in it, at radius and ulna after."
    rows = [row for row in read_attention(shelf.results, shelf.films) if row.correct]
    if not rows:
        return Finding(claim, Verdict.OPEN, f"`{COMMAND}`: not run.")
    tests = [(region, _of(rows, region, more), _of(rows, region, less)) for region, more, less in ATTENTION]
    p = holm([welch(more, less) for _, more, less in tests])
    if min(len(group) for _, *groups in tests for group in groups) < FEWEST_FILMS:
        return Finding(claim, Verdict.OPEN, f"Under {FEWEST_FILMS} correctly read films in a stage.")
    holds = all(one < ALPHA and more.mean() > less.mean() for one, (_, more, less) in zip(p, tests, strict=True))
    told_of = [
        f"{region} {more.mean():.2f} {'/'.join(where)} against {less.mean():.2f} {'/'.join(other)} (p {readable(one)})"
        for one, (region, where, other), (_, more, less) in zip(p, ATTENTION, tests, strict=True)
    ]
    words = (
        f"Attention for its area, 1 being the hand's average, both sexes, {len(rows):,} films read correctly: "
        f"{'; '.join(told_of)}. Welch's t-tests, Holm-corrected over {len(p)}."
    )
    return Finding(claim, Verdict.CONFIRMED if holds else Verdict.NOT_CONFIRMED, words)


def read_grid(results: Path) -> dict[tuple[int, int], float]:
    """Mean IoU by patch and stride, pixels; empty: not measured."""
    path = results / "patch-grid.csv"
    if not path.is_file():
        return {}
    with path.open(newline="") as lines:
        return {(int(row["patch_px"]), int(row["stride_px"])): float(row["mean_iou"]) for row in csv.DictReader(lines)}


def _trial(shelf: Shelf, claim: str, first: Model, second: Model, sex: Sex) -> Trial:
    return _pair(shelf, claim, first.network(sex), second.network(sex))


def _pair(shelf: Shelf, claim: str, first: str, second: str) -> Trial:
    """Whether the first network's error is smaller."""
    fair = shelf.alike([first], [second])
    return Trial(claim, answers_of(shelf, first), answers_of(shelf, second), fair)


def _of(rows: list[FilmAttention], region: str, stages: tuple[str, ...]) -> Array:
    return densities([row for row in rows if row.stage in stages], region)
