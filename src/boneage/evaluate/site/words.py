"""A site's validation in plain words: what stands in verdict.txt and on the terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from boneage.evaluate.site.ask import Refused
from boneage.evaluate.site.figures import Row
from boneage.evaluate.site.readers import MEAN, OTHERS, SYSTEM, Agreement
from boneage.evaluate.site.readings import Line
from boneage.evaluate.site.verdict import FEWEST, MARGIN_MONTHS, Judgment, Verdict

SAID = {
    Judgment.COMPATIBLE: "The site's error is compatible with the card's.",
    Judgment.LARGER: "The site's error is larger than the card's: do not rely on the card's figures here. Look at the table by "
    "scanner, sex and band, at the films with the largest errors, and at how the readings were made.",
    Judgment.SMALLER: "The site's error is smaller than the card's.",
    Judgment.TOO_FEW: "No difference from the card is seen, but there are too few films for a statement.",
    Judgment.NO_CARD: "This system was shipped without a table of errors, so there is nothing to compare with.",
}
PRIVATE = "Films are told by the rows of the given table and the file names in it; nothing else of a patient was written."
LIMITS = (
    "The limits take the films as independent: several films of one child make them too narrow. The error holds for films and "
    "readings like these; the card's is against Greulich and Pyle readings. Research use, not a medical device."
)


def tell(
    verdict: Verdict | None,
    table: Sequence[Row],
    agreed: Sequence[Agreement],
    refused: Sequence[Refused],
    unusable: Sequence[Line],
    *,
    same_weights: bool = True,
) -> Iterator[str]:
    """A paragraph each. `same_weights`: the card's figures were measured with what answered here."""
    if verdict is None:
        yield "No film was answered: there is nothing to say."
    else:
        yield _error(verdict)
        yield SAID[verdict.judgment]
        yield f"Fewest films for a statement (known to within {MARGIN_MONTHS:g} months): {verdict.needed}; here: {verdict.films}."
        if not same_weights and verdict.difference is not None:
            yield "The card's figures were measured with an earlier version of these weights or of their calibration."
        yield _intervals(table[0])
        yield from _readers(agreed)
        yield from _children(table[0])
    if refused:
        counts = Counter(one.reason for one in refused).most_common()
        yield f"Not answered: {len(refused)} {_films(len(refused))}: " + ", ".join(
            f"{reason} {count}" for reason, count in counts
        )
    for line in unusable:
        yield f"Row {line.row}: {line.problem.value if line.problem else ''}."
    yield LIMITS
    yield PRIVATE


def _error(verdict: Verdict) -> str:
    own = verdict.mae
    limits = f" (95 % limits {own.low:.1f} to {own.high:.1f})" if verdict.films >= FEWEST else ""
    said = f"Mean absolute error over {verdict.films} {_films(verdict.films)}: {own.value:.1f} months{limits}."
    if verdict.expected_months is None or verdict.difference is None:
        return said
    apart = verdict.difference
    difference = f"difference {apart.value:+.1f} (95 % limits {apart.low:+.1f} to {apart.high:+.1f})"
    return f"{said} For films of these sexes and ages the card says {verdict.expected_months:.1f}: {difference}."


def _intervals(whole: Row) -> str:
    held = [
        f"{100 * promised:g} % hold {100 * one.value:.0f} % ({_share(one.low)} to {_share(one.high)})"
        for promised, one in whole.held.items()
    ]
    return f"Intervals: {', '.join(held)}."


def _readers(agreed: Sequence[Agreement]) -> Iterator[str]:
    """Where there are several: how far they are apart, and the system from their mean."""
    own = next((one for one in agreed if (one.one, one.other) == (SYSTEM, MEAN)), None)
    others = [one for one in agreed if one.other == OTHERS]
    if own is None or not others:
        return
    apart = ", ".join(f"{one.one} {one.mean_absolute_difference_months:.1f}" for one in others)
    yield (
        f"On {own.films} {_films(own.films)} with several readers the system is {own.mean_absolute_difference_months:.1f} months "
        f"from their mean; each reader from the mean of the others: {apart}."
    )


def _children(whole: Row) -> Iterator[str]:
    """Where headers tell that films are of the same child."""
    children = Counter(one.case.child for one in whole.group.answers if one.case.child)
    if several := sum(count for count in children.values() if count > 1):
        yield f"{several} of the films are of children with more than one: the limits are too narrow by so much as these agree."


def _films(count: int) -> str:
    return "film" if count == 1 else "films"


def _share(value: float) -> str:
    return f"{100 * value:.0f}"
