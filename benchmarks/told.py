"""How a benchmark tells its figures, and what stands in each row of its table."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

from boneage import REFERENCE
from boneage.engines import engine_asked
from boneage.evaluate.flat import cell
from boneage.evaluate.run import today


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def tell(row: Mapping[str, Any]) -> None:
    say("  ".join(f"{name} {cell(value)}" for name, value in row.items()))


def of_run() -> dict[str, Any]:
    return {"cores": os.cpu_count(), "engine": engine_asked().value, "system": REFERENCE.name, "date": today()}
