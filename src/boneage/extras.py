"""Libraries that the runtime install lacks, such as SciPy, matplotlib and torch: loaded at the moment of use."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from boneage.errors import BoneAgeError, Kind


def load(module: str, extra: str = "train") -> ModuleType:
    """A module of an extra, or an error that says how to get it."""
    try:
        return import_module(module)
    except ImportError as error:
        raise BoneAgeError(
            Kind.MISSING_EXTRA,
            came=f"{module} cannot be imported",
            expected=f"an install with the {extra} extra",
            todo=f"Run: pip install 'boneage[{extra}]'",
        ) from error
