"""The best epoch's weights, kept beside the run and put back at its end: for papers that choose the model out of all epochs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn


@dataclass(frozen=True)
class BestEpoch:
    """One file. A run that was killed and resumed chooses as one that was not."""

    path: Path
    last: int  # the run's last epoch, counted from 0
    first: int = 0  # the first at the size that is exported: what was kept at another one counts no more from there on

    def see(self, model: nn.Module, epoch: int, error: float) -> int:
        """Keeps the model where its error is the lowest so far; gives it the best weights at the last epoch.

        Returns the best epoch, counted from 1 as the log does.
        """
        best = self._read(epoch)
        error = error if error == error else math.inf  # a loss that is no number is the worst
        if best is None or error < best["error"]:
            best = {"epoch": epoch, "error": error, "weights": model.state_dict()}
            self.path.parent.mkdir(parents=True, exist_ok=True)
            beside = self.path.with_suffix(".part")
            torch.save(best, beside)
            beside.replace(self.path)
        if epoch == self.last:
            model.load_state_dict(best["weights"])
        return int(best["epoch"]) + 1

    def _read(self, epoch: int) -> dict[str, Any] | None:
        """What was kept; nothing where it is of an older run that came further."""
        if epoch == 0 or not self.path.is_file():
            return None
        best: dict[str, Any] = torch.load(self.path, weights_only=True)
        of_other_size = best["epoch"] < self.first <= epoch
        return best if best["epoch"] <= epoch and not of_other_size else None
