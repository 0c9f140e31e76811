"""The public record of looks at the test part: one line for each, never taken back."""

from __future__ import annotations

import csv
from pathlib import Path

from boneage.errors import BoneAgeError, Kind

COLUMNS = ("date", "system", "weights", "split_hash", "films", "mae_months", "command")


def log_look(
    path: Path, *, date: str, system: str, weights: str, split_hash: str, films: int, mae: float | None, command: str
) -> None:
    """Append one line to `path`; a file that is absent or empty gets its header first. `mae`: None where no bone age was seen."""
    text = path.read_text() if path.exists() else ""
    if text and next(csv.reader(text.splitlines())) != list(COLUMNS):
        raise BoneAgeError(
            Kind.BAD_DATA,
            came=f"{path} with another header",
            expected=",".join(COLUMNS),
            todo="Name another file, or bring back the one that was committed.",
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", newline="") as lines:
        if text and not text.endswith("\n"):  # an editor may have taken the last line's end
            lines.write("\n")
        writer = csv.writer(lines, lineterminator="\n")
        if not text:
            writer.writerow(COLUMNS)
        writer.writerow((date, system, weights, split_hash, films, "" if mae is None else f"{mae:.4f}", command))
