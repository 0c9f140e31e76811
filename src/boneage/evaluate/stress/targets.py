"""How far answers may drift on the mean: this project's own targets, not the published test's."""

from __future__ import annotations

from boneage.evaluate.stress.transform import Family, Transform

SILENT_SHARE = 0.005  # of all transformed films: drifts over 24 months without a flag or refusal
FAMILIES = {
    **dict.fromkeys((Family.MIRROR, Family.MARKER, Family.SHIFT, Family.PADDING), 1.0),
    Family.INVERSION: 0.1,
    Family.TURN: 2.0,
}
NAMES = {
    **dict.fromkeys(("brightness-20", "brightness+20", "contrast-20", "contrast+20"), 1.0),
    **dict.fromkeys(("brightness-10", "brightness+10", "contrast-10", "contrast+10"), 1.0),  # a smaller change: no more drift
    **dict.fromkeys(("rotation-15", "rotation+15", "rotation-10", "rotation+10", "rotation-5", "rotation+5"), 2.0),
    **dict.fromkeys(("jpeg-30", "jpeg-60", "resolution-50", "resolution-75"), 2.0),
}


def target_months(transform: Transform) -> float | None:
    """The greatest mean drift, either way; None: no target was set."""
    return NAMES.get(transform.name, FAMILIES.get(transform.family))
