"""When each bone of the hand appears, fills out and fuses, in months of bone age by sex.

Round figures in the usual order, girls ahead of boys, tuned until the drawings looked like films of that age:
good enough for a drawing, no reference for a reading.
"""

from __future__ import annotations

import numpy as np

from boneage.types import Sex

# name: (female, male); epiphyses are named after the bone they cap
APPEARS: dict[str, tuple[float, float]] = {
    "capitate": (2, 3), "hamate": (3, 4), "triquetrum": (22, 29), "lunate": (32, 44), "trapezium": (47, 64),
    "trapezoid": (49, 66), "scaphoid": (51, 67), "pisiform": (102, 126), "sesamoid": (129, 156),
    "radius": (10, 13), "ulna": (68, 84), "mc1": (19, 31), "pp1": (20, 32), "dp1": (12, 18),
    "mc2": (12, 19), "mc3": (13, 21), "mc4": (15, 24), "mc5": (16, 26),
    "pp2": (11, 17), "pp3": (10, 16), "pp4": (11, 18), "pp5": (14, 22),
    "mp2": (16, 26), "mp3": (15, 24), "mp4": (15, 24), "mp5": (22, 39),
    "dp2": (24, 36), "dp3": (18, 28), "dp4": (18, 28), "dp5": (24, 38),
}  # fmt: skip
FUSED: dict[str, tuple[float, float]] = {
    "dp": (160, 184), "mc1": (163, 188), "pp": (167, 191), "mp": (168, 192), "mc": (172, 196),
    "ulna": (186, 208), "radius": (190, 214),
}  # fmt: skip
FULL_EPIPHYSIS = (106.0, 128.0)  # as wide as the shaft it caps
FULL_CARPAL = (146.0, 170.0)  # adult shape
FUSING_MONTHS = 18.0  # from the first bridge to the last
SCAR_MONTHS = 20.0  # the line of a closed plate fades with this time

_SIZE_MONTHS = (0, 12, 24, 48, 72, 96, 120, 144, 168, 192, 228)
_SIZE = {
    Sex.FEMALE: (0.38, 0.47, 0.53, 0.63, 0.71, 0.785, 0.87, 0.96, 0.99, 1.0, 1.0),
    Sex.MALE: (0.39, 0.48, 0.54, 0.64, 0.715, 0.79, 0.865, 0.945, 1.045, 1.09, 1.095),
}


def _column(sex: Sex) -> int:
    return 0 if sex is Sex.FEMALE else 1


def size_factor(months: float, sex: Sex) -> float:
    """Length of the hand over that of a grown woman's."""
    return float(np.interp(months, _SIZE_MONTHS, _SIZE[sex]))


def youth(months: float, sex: Sex) -> float:
    """1 at birth, 0 when the hand is grown."""
    return float(np.clip(1 - months / FULL_CARPAL[_column(sex)], 0, 1))


def growth(name: str, months: float, sex: Sex) -> float | None:
    """How far an ossification center has filled its place, 0..1; None before it appears."""
    start = APPEARS[name][_column(sex)]
    if months < start:
        return None
    carpal = name in ("capitate", "hamate", "triquetrum", "lunate", "trapezium", "trapezoid", "scaphoid", "pisiform")
    end = (FULL_CARPAL if carpal else FULL_EPIPHYSIS)[_column(sex)]
    end = max(end, start + 30)  # late centers still take their time
    return float(np.clip((months - start) / (end - start), 0, 1) ** (0.4 if carpal else 0.32))


def fusion(name: str, months: float, sex: Sex) -> float:
    """0: the growth plate is open, 1: closed; above 1: years of fading since, as 1 + faded share."""
    end = FUSED.get(name, FUSED.get(name[:2], (200.0, 220.0)))[_column(sex)]
    if months < end:
        return float(np.clip(1 - (end - months) / FUSING_MONTHS, 0, 0.999))
    return float(2 - np.exp(-(months - end) / SCAR_MONTHS))
