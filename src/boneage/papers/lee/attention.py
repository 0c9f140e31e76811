"""Lee 2017, figure 10: occlusion maps of correctly read films in one frame, by stage, and how they part among the bones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from boneage import dataset
from boneage.dataset import Film, evenly
from boneage.evaluate.film_table import read_film_table, write_film_table
from boneage.evaluate.hand_regions import FRAME, to_common_frame
from boneage.evaluate.metrics import Array
from boneage.evaluate.run import weights_hash
from boneage.explain.occlusion import occlude
from boneage.geometry import PixelMap
from boneage.networks import load_network
from boneage.papers.attention import (
    PARTS,
    SHARES,
    Cell,
    Sum,
    Tell,
    evened,
    parts_of,
    registered,
    see_each,
)
from boneage.papers.drawing import draw_maps
from boneage.papers.lee.networks import of_the_paper, stage_band
from boneage.papers.page import PEOPLE
from boneage.papers.stages import MAJOR, STAGES, stage_of
from boneage.pipeline import need_networks, perceive
from boneage.read import read
from boneage.systems import LEE
from boneage.types import Image, Radiograph, Sex

FILE, PICTURE = "lee-attention.csv", "lee-2017-figure-10.png"
COMMAND = "boneage measure lee-attention --data DIR"
MOST = 100  # films of one sex and stage that are tried
COLUMNS = ("correct", "drop", *SHARES, "weights")
Averages = Mapping[tuple[Sex, str], Cell]  # by sex and stage, of the films read correctly


@dataclass(frozen=True)
class FilmAttention:
    """One film that was tried."""

    film: Film
    drop: float = 0.0  # the most that the true class's probability falls anywhere, 0..1
    shares: tuple[float, ...] = ()  # of the falls' sum over the hand, in the order of REGIONS; empty: read wrongly

    @property
    def correct(self) -> bool:
        return bool(self.shares)

    @property
    def stage(self) -> str:
        return stage_of(self.film)


def measure_attention(data: Path, results: Path, *, most: int = MOST, tell: Tell) -> Averages:
    """Every chosen film's map: writes how they part among the bones, by id; returns the averages.

    A film with no single hand is left out, and `tell` says so. Raises BoneAgeError where the networks are not here.
    """
    need_networks(LEE)
    sums = {(sex, stage): Sum() for sex in Sex for stage in MAJOR}

    def see(film: Film, file: bytes) -> FilmAttention:
        found = film_map(read(file), film)
        if found is not None:
            sums[film.sex, stage_of(film)].add(found[0], evened(found[1]))
        return parted(film, found)

    rows, refused = see_each(data, dataset.by_id(choose(dataset.read_films(data), most)), see)
    tell(f"{sum(row.correct for row in rows)} of {len(rows)} films read correctly; {refused}")
    write_attention(results, rows, weights_hash(LEE, calibrated=False))
    return {key: some.cell() for key, some in sums.items()}


def choose(films: Sequence[Film], most: int) -> list[Film]:
    """From 5 years on, of the parts that trained nothing; of each sex and stage at most so many."""
    chosen = list[Film]()
    for sex in Sex:
        own = [film for film in films if film.part in PARTS and film.sex is sex and of_the_paper(film)]
        for stage in MAJOR:
            chosen += evenly([film for film in own if film.bone_age_months in STAGES[sex][stage]], most)
    return chosen


def film_map(radiograph: Radiograph, film: Film) -> tuple[Image, Array] | None:
    """The registered hand [H, W], 0..1, and how far the class's probability falls where a patch covers it; None: read wrongly.

    Not in the paper: the common frame, and that a place where the probability rises counts as 0.
    """
    prepared = perceive(radiograph, LEE)
    member = next(one for one in LEE.members if one.sex.serves(film.sex))
    crops = [crop for name in member.crops for crop in prepared.crops if crop.name == name]
    network = load_network(member.network)
    found = occlude(member, crops, film.sex, network, true_months=film.bone_age_months)
    if found is None:
        return None
    assert prepared.hand is not None  # `perceive` looks for it
    to_frame = to_common_frame(prepared.hand)
    return registered(radiograph, to_frame), laid(found.values, to_frame @ found.to_source)


def laid(changes: Array | Image, to_frame: PixelMap) -> Array:
    """Changes of the probability on the network's grid -> how far it falls [H, W], on the frame's grid."""
    falls = np.maximum(-np.asarray(changes, np.float32), 0)
    return np.asarray(to_frame.image(falls, FRAME.size), np.float64)


def parted(film: Film, found: tuple[Image, Array] | None) -> FilmAttention:
    """A film's row. A map that falls nowhere within the hand says nothing and counts as evenly spread."""
    return FilmAttention(film) if found is None else FilmAttention(film, float(found[1].max()), parts_of(evened(found[1])))


def draw_attention(path: Path, averages: Averages) -> None:
    """Figure 10: a row a sex, a column a stage."""
    cells = [
        [(f"{PEOPLE[sex]}, {stage}\n{stage_band(sex, stage)} months", averages[sex, stage]) for stage in MAJOR] for sex in Sex
    ]
    draw_maps(path, cells, label="fall of the probability; 1: the hand's average", inches=(7.6, 5.6))


def write_attention(results: Path, rows: Sequence[FilmAttention], weights: str) -> Path:
    """One line a film, by id, without its labels."""

    def values(row: FilmAttention) -> tuple[object, ...]:
        numbers = (f"{value:.4f}" for value in (row.drop, *row.shares)) if row.correct else ("",) * (1 + len(SHARES))
        return (int(row.correct), *numbers, weights)

    return write_film_table(results / FILE, COLUMNS, ((row.film, values(row)) for row in rows))


def read_attention(results: Path, films: Mapping[int, Film]) -> list[FilmAttention]:
    """What `write_attention` wrote, of `films`; none where nothing was measured. Raises BoneAgeError for a damaged file."""
    path = results / FILE
    return read_film_table(path, films, _parse, COLUMNS) if path.is_file() else []


def _parse(film: Film, row: Mapping[str, str]) -> FilmAttention:
    if row["correct"] == "0":
        return FilmAttention(film)
    return FilmAttention(film, float(row["drop"]), tuple(float(row[name]) for name in SHARES))
