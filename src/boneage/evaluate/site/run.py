"""`boneage evaluate SYSTEM --site readings.csv --films DIR`: from a site's table to its figures and a verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from boneage import __version__
from boneage.errors import BoneAgeError, Kind
from boneage.evaluate.flat import write_flat
from boneage.evaluate.run import today, weights_hash
from boneage.evaluate.site.ask import Answer, Refused, ask
from boneage.evaluate.site.figures import Row, lines_of, table_of
from boneage.evaluate.site.films import find_cases
from boneage.evaluate.site.readers import agreements
from boneage.evaluate.site.readings import Line, read_lines
from boneage.evaluate.site.shipped import read_shipped
from boneage.evaluate.site.verdict import Verdict, judge
from boneage.evaluate.site.words import tell
from boneage.evaluate.site.write import plot_agreement, write_films, write_readers, write_refused
from boneage.extras import load
from boneage.pipeline import need_weights
from boneage.report.folder import claim
from boneage.systems import System

Followed = Callable[[Iterable[Answer | Refused], int], Iterable[Answer | Refused]]


@dataclass(frozen=True)
class Validation:
    """What came of a site's table."""

    table: tuple[Row, ...]  # empty: no film was answered
    verdict: Verdict | None
    refused: tuple[Refused, ...]
    unusable: tuple[Line, ...]  # rows
    said: tuple[str, ...]  # paragraphs, as in verdict.txt

    @property
    def whole(self) -> bool:
        """Whether every row came to an answer."""
        return not self.refused and not self.unusable


def validate(
    system: System, readings: Path, films: Path, out: Path, *, follow: Followed = lambda films, count: films
) -> Validation:
    """Writes all into `out`. Raises BoneAgeError before the first film where the call, the table or the folder is wrong."""
    need_weights(system)
    for module in ("scipy.stats", "matplotlib"):
        load(module)
    cases, unusable = find_cases(read_lines(readings), films)
    if not cases:
        first = unusable[0].problem
        raise BoneAgeError(
            Kind.BAD_DATA,
            came=f"a table of readings of which no row can be used (row {unusable[0].row}: {first.value if first else ''})",
            expected="one film of the folder or more, with its bone age",
            todo="Check the file names or accession numbers, and --films.",
        )
    claim(out)
    found = list(follow(ask(cases, system), len(cases)))
    return _written(system, found, unusable, out)


def _written(system: System, found: list[Answer | Refused], unusable: tuple[Line, ...], out: Path) -> Validation:
    answers = tuple(one for one in found if isinstance(one, Answer))
    refused = tuple(one for one in found if isinstance(one, Refused))
    card, weights = read_shipped(system.name), weights_hash(system)
    table = table_of(answers) if answers else ()
    verdict = judge(answers, card) if answers else None
    agreed = agreements(answers)
    same = card is None or card.weights == weights
    said = tuple(tell(verdict, table, agreed, refused, unusable, same_weights=same))
    origin = {"date": today(), "system": system.name, "weights": weights, "version": __version__}
    write_films(out / "films.csv", found, unusable)
    write_refused(out / "refused.csv", refused, unusable, origin)
    if answers:
        write_flat(out / "table.csv", list(lines_of(table)), origin)
        plot_agreement(out / "bland-altman.svg", answers, title=f"{system.name}, {len(answers)} films of this site")
    if agreed:
        write_readers(out / "readers.csv", agreed, origin)
    (out / "verdict.txt").write_text("\n\n".join(said) + "\n", encoding="utf-8")
    return Validation(table, verdict, refused, unusable, said)
