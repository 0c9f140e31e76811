"""What a site's validation leaves: films.csv, table.csv, readers.csv, refused.csv, unusable.csv, verdict.txt, a plot."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np

from boneage.combine.estimate import COVERAGE
from boneage.evaluate.flat import write_flat
from boneage.evaluate.plots import COLORS, FAINT, STYLE, canvas, limits_of_agreement, save
from boneage.evaluate.site.ask import Answer, Refused
from boneage.evaluate.site.films import Case
from boneage.evaluate.site.readers import Agreement
from boneage.evaluate.site.readings import Line
from boneage.extras import load

FILM_COLUMNS = (
    *("rows", "file", "status", "sex", "scanner", "readers", "reference_months", "predicted_months", "error_months"),
    *("low_months", "high_months", "interval_coverage", "holds", "flags"),
)
SEX_DIFFERS = "table-says-another-sex"  # beside the flags


def write_films(path: Path, films: Iterable[Answer | Refused], unusable: Sequence[Line]) -> None:
    """Every film's line, and every row that could not be used, by row."""
    lines = [_answered(one) if isinstance(one, Answer) else _case(one.case) | {"status": one.reason} for one in films]
    lines += [{"rows": str(line.row), "file": line.file, "status": _problem(line)} for line in unusable]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, FILM_COLUMNS, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(sorted(lines, key=lambda line: int(line["rows"].split(" ")[0])))


def write_refused(path: Path, refused: Sequence[Refused], unusable: Sequence[Line], origin: Mapping[str, Any]) -> None:
    """By reason: how many films the system gave no answer to, and how many rows could not be used."""
    counts = [("film", Counter(one.reason for one in refused)), ("row", Counter(map(_problem, unusable)))]
    rows = [{"what": what, "reason": reason, "count": n} for what, found in counts for reason, n in found.most_common()]
    write_flat(path, rows or [{"what": "film", "reason": "", "count": 0}], origin)


def write_readers(path: Path, agreed: Sequence[Agreement], origin: Mapping[str, Any]) -> None:
    """One line a comparison."""
    rows = [{name: _known(getattr(one, name)) for name in Agreement.__dataclass_fields__} for one in agreed]
    write_flat(path, rows, origin)


def plot_agreement(path: Path, answers: Sequence[Answer], *, title: str) -> None:
    """Bland and Altman: system minus readers' mean against the mean of the two, with bias and 1.96 SD to both sides."""
    own = np.array([one.months for one in answers])
    theirs = np.array([one.case.reference_months for one in answers])
    apart, middle = own - theirs, (own + theirs) / 2
    with load("matplotlib").rc_context(STYLE):
        figure, axes = canvas((6.2, 3.8))
        for sex in {one.sex for one in answers}:
            mask = np.array([one.sex is sex for one in answers])
            color, name = (FAINT, "sex not told") if sex is None else (COLORS[sex], sex.value)
            axes.scatter(middle[mask], apart[mask], c=color, s=12, alpha=0.6, linewidths=0, label=f"{name} ({mask.sum():,})")
        limits_of_agreement(axes, apart)
        axes.set(xlabel="mean of system and readers, months", ylabel="system minus readers, months")
        axes.set_title(title)
        axes.legend(loc="lower right", ncols=3, markerscale=1.8, bbox_to_anchor=(1.0, 1.0), borderaxespad=0.2)
        save(figure, path)


def _case(case: Case) -> dict[str, str]:
    return {
        "rows": " ".join(str(line.row) for line in case.lines),
        "file": case.file,
        "sex": case.sex.value if case.sex else "",
        "scanner": case.scanner,
        "readers": str(len(case.lines)),
        "reference_months": f"{case.reference_months:.2f}",
        "flags": SEX_DIFFERS if case.sex_differs else "",
    }


def _answered(one: Answer) -> dict[str, str]:
    printed = next(interval for interval in one.intervals if abs(interval.coverage - COVERAGE) < 1e-9)
    holds = printed.low_months <= one.case.reference_months <= printed.high_months
    flags = sorted(flag.value for flag in one.flags) + ([SEX_DIFFERS] if one.case.sex_differs else [])
    return _case(one.case) | {
        "status": "read",
        "predicted_months": f"{one.months:.2f}",
        "error_months": f"{one.error_months:.2f}",
        "low_months": f"{printed.low_months:.2f}",
        "high_months": f"{printed.high_months:.2f}",
        "interval_coverage": f"{printed.coverage:g}",
        "holds": "yes" if holds else "no",
        "flags": " ".join(flags),
    }


def _problem(line: Line) -> str:
    return line.problem.value if line.problem else ""


def _known(value: Any) -> Any:
    return None if isinstance(value, float) and isnan(value) else value
