"""Attention in one frame: films count alike, shares follow the regions, few films show nothing, the refused are told."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from boneage.dataset import Film, by_id, evenly
from boneage.errors import BoneAgeError, Kind
from boneage.evaluate.average_hands import FEWEST
from boneage.evaluate.hand_regions import FRAME, area_shares, hand_mask, plot_regions, region_masks
from boneage.papers.attention import Sum, evened, parts_of, see_each
from boneage.papers.drawing import draw_maps
from boneage.types import Sex

FILMS = [Film(number, Sex.MALE, 90.0) for number in range(1000, 1101)]


def test_at_most_so_many_at_even_steps() -> None:
    for most in (1, 7, 50, 100, 101, 500):
        some = evenly(FILMS, most)
        assert min(most, len(FILMS)) / 2 < len(some) <= most
        assert len({b.id - a.id for a, b in pairwise(some)}) <= 1


def test_a_map_is_1_on_average_and_even_where_it_is_empty() -> None:
    assert (evened(np.zeros(FRAME.size)) == 1).all()
    assert evened(np.where(hand_mask(), 3.0, 9.0))[hand_mask()] == pytest.approx(1)


def test_shares_are_areas_where_attention_is_even_and_follow_it_where_not() -> None:
    assert parts_of(np.full(FRAME.size, 3.0)) == pytest.approx(tuple(area_shares().values()))
    for number, mask in enumerate(region_masks(FRAME).values()):
        assert parts_of(mask.astype(np.float64)) == pytest.approx([float(k == number) for k in range(4)])


def test_what_is_refused_is_left_out_and_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def see(film: Film, file: bytes) -> int:
        if film.id % 2:
            raise BoneAgeError(Kind.NO_HAND, came="", expected="", todo="")
        return film.id

    monkeypatch.setattr("boneage.dataset.iterate_files", lambda data, ids: ((one, b"") for one in sorted(ids)))
    seen, refused = see_each(tmp_path, by_id(FILMS), see)
    assert seen == [film.id for film in FILMS if not film.id % 2]
    assert refused == f"refused: {{'{Kind.NO_HAND.value}': 50}}"


def test_cells_of_few_films_show_nothing(tmp_path: Path) -> None:
    sums = Sum()
    for _ in range(FEWEST - 1):
        sums.add(np.ones(FRAME.size, np.float32), np.ones(FRAME.size))
    assert sums.cell().hand is None
    sums.add(np.ones(FRAME.size, np.float32), np.ones(FRAME.size))
    cell = sums.cell()
    assert cell.hand is not None
    assert cell.hand.mean() == pytest.approx(1)
    draw_maps(tmp_path / "a.png", [[("both", cell)] * 6], label="strength", inches=(8.8, 2.4))
    plot_regions(tmp_path / "b.png")
    assert all((tmp_path / name).stat().st_size < 300_000 for name in ("a.png", "b.png"))
