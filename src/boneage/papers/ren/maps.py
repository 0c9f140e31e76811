"""Ren 2018, figures 3 and 4: regression activation maps of many films in one frame, and how they part among the bones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from boneage import dataset
from boneage.dataset import Film, evenly
from boneage.evaluate.hand_regions import FRAME, hand_mask, to_common_frame
from boneage.evaluate.metrics import Array
from boneage.evaluate.run import weights_hash
from boneage.explain.heat import HeatMap
from boneage.explain.ram import activate
from boneage.geometry import PixelMap
from boneage.networks import load_network
from boneage.papers.attention import PARTS, Sum, Tell, evened, parts_of, registered, see_each
from boneage.papers.drawing import draw_maps
from boneage.papers.page import PEOPLE
from boneage.papers.ren.networks import AGE_NAMES, AGES, SEXES, young
from boneage.papers.ren.shares import FilmShares, write_shares
from boneage.pipeline import need_networks, perceive
from boneage.read import read
from boneage.systems import REN
from boneage.types import Image, Radiograph

MOST = 80  # films of one sex and band: more do not make the averages sharper
SECOND = "low-contrast"  # the domain that stands in for the second hospital, figure 4
FIGURES = {"3": "", "4": SECOND}
BOTH = "both"
ROWS = (*(PEOPLE[sex] for sex in SEXES), BOTH)


def measure_activation(
    data: Path, results: Path, out: Path, *, domain_of: Callable[[bytes], str], most: int = MOST, tell: Tell = lambda words: None
) -> Path:
    """Every chosen film's map; writes the shares by id and the pictures of both figures, returns the table's path.

    A film with no single hand is left out, and `tell` says so. Raises BoneAgeError where S5's network is not here.
    """
    need_networks(REN)
    sums = {(domain, who, band): Sum() for domain in FIGURES.values() for who in ROWS for band in range(len(AGES))}

    def see(film: Film, file: bytes) -> FilmShares:
        hand, heat = film_map(read(file), film)
        row = shares(film, domain_of(file), heat)
        for key in _cells(row):
            sums[key].add(hand, heat)
        return row

    rows, refused = see_each(data, dataset.by_id(choose(dataset.read_films(data), most)), see)
    tell(f"{len(rows):,} films; {refused}")
    for number, domain in FIGURES.items():
        cells = [[(f"{who}, {name}", sums[domain, who, k].cell()) for k, name in enumerate(AGE_NAMES)] for who in ROWS]
        draw_maps(out / f"ren-2018-figure-{number}.png", cells, label="strength; 1: the hand's average", inches=(8.8, 6.2))
    return write_shares(results, rows, weights_hash(REN, calibrated=False))


def choose(films: Sequence[Film], most: int) -> list[Film]:
    """Up to 18 years, of the parts that trained nothing; of each sex and band at most so many."""
    chosen = list[Film]()
    for sex in SEXES:
        own = [film for film in films if film.part in PARTS and film.sex is sex and young(film)]
        for band in AGES:
            chosen += evenly([film for film in own if film.bone_age_months in band], most)
    return chosen


def film_map(radiograph: Radiograph, film: Film) -> tuple[Image, Array]:
    """The registered hand [H, W], 0..1, and the map's strength over it, 1 on average within the hand's outline."""
    prepared = perceive(radiograph, REN)
    (member,) = REN.members
    crops = [crop for name in member.crops for crop in prepared.crops if crop.name == name]
    found = activate(member, crops, film.sex, load_network(member.network))
    assert found is not None  # S5's file holds it
    assert prepared.hand is not None  # `perceive` looks for it
    to_frame = to_common_frame(prepared.hand)
    return registered(radiograph, to_frame), lay(found, to_frame)


def lay(heat: HeatMap, to_frame: PixelMap) -> Array:
    """Not in the paper: places that make the hand older and younger count alike."""
    return evened(np.asarray((to_frame @ heat.to_source).image(np.abs(heat.values), FRAME.size), np.float64))


def shares(film: Film, domain: str, strength: Array) -> FilmShares:
    """How one film's map [H, W] parts among the regions, and how focused it is."""
    falling = np.sort(strength[hand_mask()])[::-1].cumsum()
    return FilmShares(film, domain, parts_of(strength), float((np.searchsorted(falling, falling[-1] / 2) + 1) / len(falling)))


def _cells(row: FilmShares) -> Iterator[tuple[str, str, int]]:
    """Figure's domain, whose row, number of the band: all that a film is a part of."""
    band = next(number for number, ages in enumerate(AGES) if row.film.bone_age_months in ages)
    for domain in FIGURES.values():
        if domain in ("", row.domain):
            yield domain, PEOPLE[row.film.sex], band
            yield domain, BOTH, band
