"""Turns move pixels and points alike, distances are those worked by hand, and phantoms land where their truth says."""

from __future__ import annotations

import csv
from math import inf, isnan, nan
from pathlib import Path

import numpy as np
import pytest

from boneage.dataset import Part
from boneage.evaluate.judge import Judged
from boneage.evaluate.registration import LEARNED, Landing, Turn, land, percent, place, side_by_side, turned
from boneage.evaluate.registration_table import Row, landing_rows, turned_rows, write_failing, write_registration
from boneage.geometry import PixelMap
from boneage.networks import load_network
from boneage.phantom import Phantom
from boneage.register.frame import PAPER_FRAME
from boneage.standardize.size import STANDARD, standard_frame
from boneage.systems import HAND_FINDER
from boneage.template import MIDDLE_TIP


@pytest.mark.parametrize("turn", list(Turn))
def test_a_turn_moves_pixels_and_points_alike(turn: Turn) -> None:
    film = np.zeros((40, 30), np.float32)
    film[7, 21] = 1
    (x, y), after = turn.map((40, 30)).points((21, 7)), turn.film(film)
    assert after[round(y), round(x)] == 1
    assert turn.map((40, 30)).mirrors == turn.value.startswith("mirrored")


@pytest.fixture(scope="module", params=["girl", "boy"])
def phantom(request: pytest.FixtureRequest) -> Phantom:
    found: Phantom = request.getfixturevalue(request.param)
    return found


def test_a_phantom_lands_where_its_truth_says(phantom: Phantom) -> None:
    film, to_source = standard_frame(phantom.pixels)
    placed = place(film, load_network(HAND_FINDER))
    truth = to_source.inverse()
    true = Judged(truth.points(phantom.points[MIDDLE_TIP]), truth.points(phantom.capitate), 1.0, 0.0)
    landing = land(7, placed, true, aspect=phantom.size[1] / phantom.size[0])
    assert landing.near
    assert landing.farther == max(landing.tip, landing.capitate) <= 3


@pytest.mark.parametrize("turn", [Turn.MIRRORED, Turn.HALF])
def test_a_turned_phantom_comes_into_the_same_place_from_the_right_side(phantom: Phantom, turn: Turn) -> None:
    finder = load_network(HAND_FINDER)
    film, _ = standard_frame(phantom.pixels)
    landing, right = turned(7, film, place(film, finder), turn, finder)
    assert right
    assert landing.near


def test_distances_by_hand(girl: Phantom) -> None:
    placed = place(standard_frame(girl.pixels)[0], load_network(HAND_FINDER))
    back = placed.to_frame().inverse()
    tip, capitate = back.points(np.add([PAPER_FRAME.tip, PAPER_FRAME.capitate], [(20.8, 0), (0, -83.2)]))
    landing = land(7, placed, Judged(tip, capitate, 0.9, 1.5))
    assert (landing.tip, landing.capitate) == pytest.approx((1, 4))
    assert not landing.near
    assert percent(np.array((30, 40))) == pytest.approx(50 / 2080 * 100)


def test_a_film_that_is_refused_or_not_judged_did_not_land(girl: Phantom) -> None:
    seen = Judged(np.zeros(2), np.ones(2), 1.0, 0.0)
    refused = land(7, None, seen)
    assert refused.refused
    assert not refused.near
    unseen = land(7, place(standard_frame(girl.pixels)[0], load_network(HAND_FINDER)), None)
    assert unseen.farther == inf
    assert not unseen.near
    assert not unseen.refused


def landing(film_id: int, tip: float, capitate: float = 0.5, *, refused: bool = False, flagged: bool = False) -> Landing:
    far = (nan, nan) if refused else (tip, capitate)
    return Landing(film_id, Part.TEST, LEARNED, refused, flagged, *far)


LANDINGS = [landing(1, 1), landing(2, 2), landing(3, 4), landing(4, 5, flagged=True), landing(5, 0, refused=True)]


def test_the_table_counts_by_hand() -> None:
    row = Row.of("some", LANDINGS)
    assert (row.films, row.refused, row.within, row.beyond_unflagged) == (5, 1, 2, 1)
    assert row.share == 0.4
    assert row.median == 3
    rows = {row.group: row for row in landing_rows(LANDINGS)}
    assert rows["all films, capitate"].within == 4
    assert rows["test films"].films == 5
    assert rows["train films"].films == 0


def test_a_wrong_side_is_counted_where_nothing_warned() -> None:
    pairs = [
        (landing(1, 1), True),
        (landing(2, 1), False),
        (landing(3, 1, flagged=True), False),
        (landing(4, 1, refused=True), False),
    ]
    _, side = turned_rows(pairs)
    assert (side.films, side.refused, side.within, side.beyond_unflagged) == (4, 1, 1, 1)


def test_the_files_say_what_was_measured(tmp_path: Path) -> None:
    write_registration(tmp_path / "r.csv", [Row.of("some", LANDINGS)], {"date": "2026-11-21", "split_hash": "abc"})
    (line,) = csv.DictReader((tmp_path / "r.csv").read_text().splitlines())
    assert (line["group"], line["share_within"], line["split_hash"]) == ("some", "0.4000", "abc")
    write_failing(tmp_path / "f.csv", LANDINGS)
    lines = list(csv.DictReader((tmp_path / "f.csv").read_text().splitlines()))
    assert [line["id"] for line in lines] == ["5", "4", "3"]  # refused, then the worst first
    assert isnan(float(lines[0]["tip_percent"]))


def test_side_by_side_keeps_the_order_and_every_item() -> None:
    assert list(side_by_side(lambda k: k * k, range(200))) == [k * k for k in range(200)]


def test_maps_of_turns_undo_each_other() -> None:
    there = Turn.QUARTER.map(STANDARD) @ Turn.THREE_QUARTERS.map(STANDARD)
    assert np.allclose(there.matrix, PixelMap.identity().matrix)
