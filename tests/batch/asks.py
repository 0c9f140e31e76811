"""A worker that reads no film: it lives in a module that other processes can import."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from boneage.batch.ask import Ask
from boneage.batch.rows import Cell

SYSTEM = "reference-2026-11"


@dataclass(frozen=True)
class MadeUp(Ask):
    """Its answer is the name's length. `die` ends the process, `once:FILE` only while FILE is not there, `slow` waits."""

    def start(self) -> None:
        pass

    def row(self, name: str) -> dict[str, Cell]:
        if name.startswith("die"):
            os._exit(1)
        if name.startswith("once:") and not (mark := Path(name.removeprefix("once:"))).exists():
            mark.touch()
            os._exit(1)
        return self.lost(name) | {"error_kind": None, "error_message": None, "bone_age_months": float(len(name))}


ASK = MadeUp(SYSTEM, None)
