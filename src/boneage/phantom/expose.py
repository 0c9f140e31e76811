"""From bone age, sex and seed to one synthetic film with its truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from boneage.geometry import PixelMap, Points
from boneage.phantom.film import Look, develop
from boneage.phantom.hand import Hand, Pose, Shape, grow
from boneage.phantom.render import attenuate, project
from boneage.types import Image, Sex, Side

FINEST_MM, COARSEST_MM = 0.05, 2.0


@dataclass(frozen=True, eq=False)
class Phantom:
    """A synthetic hand radiograph and what is true of it."""

    pixels: Image  # [H, W] float32, 0..1, bone bright
    mask: npt.NDArray[np.bool_]  # [H, W] the hand and forearm within the exposed field
    labels: npt.NDArray[np.uint8]  # [H, W] 0 no bone, else 1 + index into bone_names; where two overlap, the later
    bone_names: tuple[str, ...]
    points: Points  # [21, 2] (x, y) px, in the order of dataset.POINT_NAMES
    capitate: npt.NDArray[np.float64]  # [2] (x, y) px, its center
    side: Side
    sex: Sex
    bone_age_months: float
    spacing_mm: float
    seed: int

    @property
    def bones(self) -> npt.NDArray[np.bool_]:
        """[H, W] where any bone is."""
        return np.asarray(self.labels > 0)

    @property
    def size(self) -> tuple[int, int]:
        """Height, width."""
        return self.pixels.shape[0], self.pixels.shape[1]


def draw(
    bone_age_months: float,
    sex: Sex,
    *,
    seed: int,
    size: tuple[int, int] = (2000, 1500),
    pose: Pose | None = None,
    look: Look | None = None,
) -> Phantom:
    """One synthetic film. Shape, pose, look and noise come from the seed, each from a stream of its own;
    a pose or look that is given takes the place of the drawn one and moves nothing else."""
    shapes, poses, looks, grains = (np.random.default_rng([seed, stream]) for stream in range(4))
    pose = pose or Pose.drawn(poses)
    look = look or Look.drawn(looks)
    hand = grow(bone_age_months, sex, shape=Shape.drawn(shapes), pose=pose)
    to_film, spacing = lay(hand, pose, size)
    hand = hand.moved(to_film)
    layers = project(hand, size, spacing, rng=grains)
    attenuation = attenuate(layers, spacing, rng=grains)
    pixels, field = develop(attenuation, layers.mask, look, points=hand.points, side=pose.side, spacing_mm=spacing)
    return Phantom(
        pixels, layers.mask & field, np.where(field, layers.labels, 0).astype(np.uint8), tuple(bone.name for bone in hand.bones),
        hand.points, hand.capitate, pose.side, sex, float(bone_age_months), spacing, seed,
    )  # fmt: skip


def lay(hand: Hand, pose: Pose, size: tuple[int, int]) -> tuple[PixelMap, float]:
    """The map from the hand's millimeters to the film's pixels, and the film's spacing in mm."""
    height, width = size
    turn = PixelMap.about((0, 0), degrees=pose.turn_degrees)
    points = turn.points(hand.points)
    tail = turn.points(hand.points[:1] + pose.forearm * (hand.points[:1] - hand.points[11:12]) * (0, 1))
    around = np.vstack([points, tail])
    low, high = around.min(0) - 8, around.max(0) + np.array([8, 0])
    span = high - low
    spacing = float(np.clip(max(span[0] / width, span[1] / height) / pose.fill, FINEST_MM, COARSEST_MM))
    slack = np.array([width, height]) - span / spacing
    center = np.array([width - 1, height - 1]) / 2 + np.array(pose.offset) * slack / 2
    middle = (low + high) / 2
    place = PixelMap(
        np.array(
            [[1 / spacing, 0, center[0] - middle[0] / spacing], [0, 1 / spacing, center[1] - middle[1] / spacing], [0, 0, 1.0]]
        )
    )
    to_film = place @ turn
    if pose.side is Side.RIGHT:
        to_film = PixelMap.mirror(width) @ to_film
    return to_film, spacing
