"""The age that a synthetic film was drawn with: a small file beside the films, so that the page can print it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

NAME = "truth.json"
MAKER = "boneage.phantom"
LARGEST_BYTES = 1_000_000


def write_truth(folder: Path, bone_age_months: Mapping[str, float]) -> Path:
    """File names with the months that their bones were drawn with."""
    path = folder / NAME
    path.write_text(json.dumps({"drawn_by": MAKER, "bone_age_months": dict(bone_age_months)}, indent=2) + "\n", encoding="utf-8")
    return path


def read_truth(film: Path) -> float | None:
    """Months that a film was drawn with; None for every film that no such file beside it names."""
    path = film.parent / NAME
    try:
        if not path.is_file() or path.stat().st_size > LARGEST_BYTES:
            return None
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):  # somebody else's file of that name
        return None
    if not isinstance(values, dict) or values.get("drawn_by") != MAKER:
        return None
    ages = values.get("bone_age_months")
    months = ages.get(film.name) if isinstance(ages, dict) else None
    return float(months) if isinstance(months, int | float) and not isinstance(months, bool) else None
