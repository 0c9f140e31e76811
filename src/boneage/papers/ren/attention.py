"""Ren 2018, section III.F: where the network looks at which age; figures 3 and 4 and what is found in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from boneage.dataset import Film
from boneage.evaluate.average_hands import FEWEST
from boneage.evaluate.bands import Band
from boneage.evaluate.compare import holm
from boneage.evaluate.hand_regions import CARPAL, METACARPALS, PHALANGES, RADIUS_ULNA, REGIONS, area_shares
from boneage.evaluate.metrics import Array
from boneage.evaluate.paired import paired_t_test
from boneage.papers.attention import densities
from boneage.papers.page import PEOPLE, Exhibit, Finding, How, Verdict, blocks, link, lying, picture, table, times
from boneage.papers.ren.maps import SECOND
from boneage.papers.ren.networks import AGE_NAMES, AGES, SEXES
from boneage.papers.ren.scheme import MEMBER, USUAL, cells, size_here
from boneage.papers.ren.shares import FilmShares, read_shares, within
from boneage.papers.shelf import Shelf, command, readable
from boneage.papers.trials import ALPHA, welch
from boneage.types import Sex

COMMAND = "boneage measure ren-activation --data DIR"
# "below 36 months and above 181", "between 37 and 180"; as the bands of table III
YOUNGEST, MIDDLE, OLDEST = Band(0, 36), Band(36, 180), Band(180, 217)
PUBERTY = Band(108, 180)  # not in the paper
TITLE = "typical activation maps in the {} test set by age and sex"


def figure_3(shelf: Shelf, out: Path) -> Exhibit:
    """All films."""
    words = (
        f"Averages over many films of the maps of `{MEMBER.network}`, over the average hand, where the paper shows one film "
        f"each; a cell of fewer than {FEWEST} films is not shown. The films are of the select and the calibrate part, which "
        "trained nothing, so that test is not looked at. Each map is brought into the common frame by the hand's 21 points, its "
        f"strength (whatever its sign) divided by its mean over the hand. {_fineness()}"
    )
    return _figure(shelf, out, "3", "RSNA", words, lambda row: True)


def _fineness() -> str:
    """How many cells a map has."""
    here = size_here()
    ours = "" if here is None else f"{times(cells(here))} at this network's {times(here)}, "
    usual = f"{times(cells(USUAL))} at Inception-V3's own {times(USUAL)}"
    return f"Cells of a map: {ours}{usual}. It tells parts of the hand apart, not bones."


def figure_4(shelf: Shelf, out: Path) -> Exhibit:
    """The low-contrast films alone."""
    words = (
        "As figure 3, of the low-contrast films alone, which stand in for the second hospital's. The network is the same, "
        "trained on both kinds; the paper's is trained on that hospital's."
    )
    return _figure(shelf, out, "4", "SCH", words, lambda row: row.domain == SECOND)


def attention_findings(shelf: Shelf) -> tuple[Finding, ...]:
    """Open where no map was measured."""
    rows = read_shares(shelf.results, shelf.films)
    return by_age(rows), metacarpals(rows), wide_at_both_ends(rows)


def by_age(rows: Sequence[FilmShares]) -> Finding:
    """What papers on bone age networks say together of their maps; Ren's own sentences are the next two."""
    claim = "Attention lies on the carpals in the youngest, on metacarpals and phalanges in puberty, on the wrist after."
    asked: Mapping[str, tuple[Band, tuple[str, ...]]] = {
        "carpals under 3 years": (YOUNGEST, (CARPAL,)),
        "metacarpals and phalanges from 9 to 15": (PUBERTY, (METACARPALS, PHALANGES)),
        "radius and ulna from 15 on": (OLDEST, (RADIUS_ULNA,)),
    }
    pairs = {
        words: (densities(_of(rows, band), *regions), densities(_of(rows, band, others=True), *regions))
        for words, (band, regions) in asked.items()
    }
    told = (
        "Not a sentence of this paper's, whose own are the next two. Attention by area, 1 where it is even, against the films of "
        "all other ages (Welch's t-tests, Holm-corrected over 3)"
    )
    return _finding(claim, pairs, welch, told)


def metacarpals(rows: Sequence[FilmShares]) -> Finding:
    """Section III.F: "a few distal metacarpal ossification centers (especially for subjects of 37-180 months old)"."""
    claim = "From 3 to 15 years attention lies on the metacarpals."
    some = _of(rows, MIDDLE)
    others = [name for name in REGIONS if name != METACARPALS]
    pairs = {f"before {name}": (densities(some, METACARPALS), densities(some, name)) for name in others}
    told = "Attention by area, metacarpals against each other region on the same films (paired t-tests, Holm-corrected over 3)"
    return _finding(claim, pairs, paired_t_test, told)


def wide_at_both_ends(rows: Sequence[FilmShares]) -> Finding:
    """Section III.F: "at the two ends of the age range [...] the network extends its attention to more areas"."""
    claim = "Under 3 and over 15 years attention is spread over more of the hand."
    between = _halves(_of(rows, MIDDLE))
    ends = {"under 3 years": YOUNGEST, "over 15 years": OLDEST}
    pairs = {words: (_halves(_of(rows, band)), between) for words, band in ends.items()}
    told = (
        "The percentage of the hand that holds half of the attention, against 3 to 15 years (Welch's t-tests, Holm-corrected "
        "over 2)"
    )
    return _finding(claim, pairs, welch, told)


def _finding(claim: str, pairs: Mapping[str, tuple[Array, Array]], test: Callable[[Array, Array], float], told: str) -> Finding:
    """Confirmed where the first mean is larger in every pair; open where a group has fewer films than may be told of."""
    if any(min(len(first), len(second)) < FEWEST for first, second in pairs.values()):
        return Finding(claim, Verdict.OPEN, f"No maps of enough films yet: `{COMMAND}`.")
    corrected = holm([test(*pair) for pair in pairs.values()])
    holds = [first.mean() > second.mean() and p < ALPHA for (first, second), p in zip(pairs.values(), corrected, strict=True)]
    cells = [
        f"{words} {first.mean():.2f} against {second.mean():.2f} (p {readable(p)}, {len(first):,} films)"
        for (words, (first, second)), p in zip(pairs.items(), corrected, strict=True)
    ]
    return Finding(claim, Verdict.CONFIRMED if all(holds) else Verdict.NOT_CONFIRMED, f"{told}: {'; '.join(cells)}.")


def _figure(shelf: Shelf, out: Path, number: str, dataset: str, words: str, wanted: Callable[[FilmShares], bool]) -> Exhibit:
    file, title = f"ren-2018-figure-{number}.png", TITLE.format(dataset)
    rows = [row for row in read_shares(shelf.results, shelf.films) if wanted(row)]
    if not rows or (found := lying(out, file)) is None:
        body = f"Not run yet: `{COMMAND}`, once `{command(MEMBER.network)}` was run and its network is exported."
        return Exhibit(f"Figure {number}", title, How.NOT_RUN, words, body, COMMAND)
    drawn = picture(link(out, found), "Average activation maps: boys, girls and both in rows, age bands in columns")
    return Exhibit(f"Figure {number}", title, How.STAND_IN, words, blocks(drawn, _told(rows), _shares(rows)), COMMAND)


def _told(rows: Sequence[FilmShares]) -> str:
    areas = ", ".join(f"{name} {100 * share:.0f} %" for name, share in area_shares().items())
    return (
        "Attention by region and age: a region's share of the map over its share of the hand's area, so 1 where attention is "
        f"even ({areas} of the area; each place of the hand counts to the bone it lies nearest to, figure 1). Half: the "
        f"percentage of the hand that holds half of the attention. {len(rows):,} films."
    )


def _shares(rows: Sequence[FilmShares]) -> str:
    """Of each sex and both by age band; a group of fewer films than may be shown says so."""
    groups: dict[str, Callable[[Film], bool]] = {PEOPLE[sex]: _is(sex) for sex in SEXES}
    groups["both"] = lambda film: True
    lines = []
    for who, of_whom in groups.items():
        own = within(rows, of_whom)
        for name, band in zip(AGE_NAMES, AGES, strict=True):
            some = _of(own, band)
            cells = ["under 20 films"] * (len(REGIONS) + 1)
            if len(some) >= FEWEST:
                cells = [f"{densities(some, region).mean():.2f}" for region in REGIONS] + [f"{_halves(some).mean():.0f} %"]
            lines.append([who, name, f"{len(some):,}", *cells])
    return table(("", "months", "films", *REGIONS, "half"), lines)


def _is(sex: Sex) -> Callable[[Film], bool]:
    return lambda film: film.sex is sex


def _of(rows: Sequence[FilmShares], band: Band, *, others: bool = False) -> list[FilmShares]:
    """The films in a band of ages, or all others."""
    return within(rows, lambda film: (film.bone_age_months in band) is not others)


def _halves(rows: Sequence[FilmShares]) -> Array:
    return np.array([100 * row.half_area for row in rows])
