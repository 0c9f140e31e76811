"""Random changes: drawn first, applied purely."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from boneage.train.augment import Change, draw
from boneage.train.recipe import Augment, UniformAugment, read_recipe

FINDER = Path(__file__).parents[2] / "recipes" / "hand-finder-2026-11.toml"
FILM = np.random.default_rng(0).random((64, 48), np.float32)


@pytest.fixture(scope="module")
def ranges() -> Augment:
    return read_recipe(FINDER).augment


def test_no_change_changes_nothing() -> None:
    assert np.array_equal(Change().tone(FILM), FILM)
    assert np.allclose(Change().map((64, 48)).matrix, np.eye(3))


def test_the_same_seed_draws_the_same_change(ranges: Augment) -> None:
    one, two = (draw(ranges, np.random.default_rng(5)) for _ in range(2))
    assert one == two
    assert np.array_equal(one.tone(FILM), two.tone(FILM))
    assert draw(ranges, np.random.default_rng(6)) != one


def test_tones_stay_in_range_and_leave_the_film_alone(ranges: Augment) -> None:
    before = FILM.copy()
    for seed in range(50):
        toned = draw(ranges, np.random.default_rng(seed)).tone(FILM)
        assert toned.dtype == np.float32
        assert toned.min() >= 0
        assert toned.max() <= 1
    assert np.array_equal(before, FILM)


def test_polarity_and_mirror_undo_themselves() -> None:
    assert np.allclose(Change(invert=True).tone(Change(invert=True).tone(FILM)), FILM, atol=1e-6)
    mirror = Change(mirror=True).map((64, 48))
    assert np.allclose((mirror @ mirror).matrix, np.eye(3))


def test_shares_are_kept(ranges: Augment) -> None:
    changes = [draw(ranges, np.random.default_rng(seed)) for seed in range(2000)]
    assert abs(np.mean([change.mirror for change in changes]) - ranges.mirror) < 0.05
    assert abs(np.mean([change.invert for change in changes]) - ranges.invert) < 0.05
    assert abs(np.mean([change.erased is not None for change in changes]) - ranges.erase) < 0.05


# ---- ranges, as the papers give them
SIZE = (64, 48)
STILL = {
    **dict.fromkeys(("degrees", "shear_x", "shear_y", "shift_x", "shift_y", "offset"), (0.0, 0.0)),
    **dict.fromkeys(("width", "height", "gain"), (1.0, 1.0)),
}
LIVELY = UniformAugment(
    kind="uniform",
    switch=1.0,
    degrees=(-30.0, 20.0),
    width=(0.8, 1.1),
    height=(0.9, 1.2),
    together=False,
    shear_x=(-5.0, 5.0),
    shear_y=(-4.0, 3.0),
    shift_x=(-0.2, 0.1),
    shift_y=(0.05, 0.1),
    mirror=0.3,
    upside_down=0.6,
    gain=(0.8, 1.2),
    offset=(-0.05, 0.1),
)


def but(**values: object) -> UniformAugment:
    return LIVELY.model_copy(update=values)


def drawn(ranges: UniformAugment, count: int = 600) -> list[Change]:
    rng = np.random.default_rng(1)
    return [draw(ranges, rng) for _ in range(count)]


def column(changes: list[Change]) -> dict[str, np.ndarray]:
    """What was drawn, by the recipe's names, in its units."""
    return {
        "degrees": np.array([change.degrees for change in changes]),
        "width": np.array([change.scale[0] for change in changes]),
        "height": np.array([change.scale[1] for change in changes]),
        "shear_x": np.degrees(np.arctan([change.shear for change in changes])),
        "shear_y": np.degrees(np.arctan([change.shear_y for change in changes])),
        "shift_x": np.array([change.shift[0] for change in changes]),
        "shift_y": np.array([change.shift[1] for change in changes]),
        "gain": np.array([change.gain for change in changes]),
        "offset": np.array([change.offset for change in changes]),
    }


def test_draws_fill_their_ranges_and_stay_within() -> None:
    for name, values in column(drawn(LIVELY)).items():
        low, high = getattr(LIVELY, name)
        assert low - 1e-9 <= values.min() < low + 0.05 * (high - low), name
        assert high - 0.05 * (high - low) < values.max() <= high + 1e-9, name
        assert abs(values.mean() - (low + high) / 2) < 0.06 * (high - low), name


@pytest.mark.parametrize("switch", [0.25, 0.5])
def test_each_change_has_a_switch_of_its_own(switch: float) -> None:
    """Lee 2017: "real-time data augmentation" with random switches."""
    changed = {name: values != STILL[name][0] for name, values in column(drawn(but(switch=switch), 2000)).items()}
    for name, on in changed.items():
        assert abs(on.mean() - switch) < 0.05, name
    both = (changed["degrees"] & changed["gain"]).mean()
    assert abs(both - switch**2) < 0.05


def test_width_and_height_go_together_where_the_recipe_says_so() -> None:
    assert all(change.scale[0] == change.scale[1] for change in drawn(but(together=True)))
    assert any(change.scale[0] != change.scale[1] for change in drawn(LIVELY))


def test_flips_keep_their_shares_and_know_no_switch() -> None:
    changes = drawn(but(switch=0.01), 2000)
    assert abs(np.mean([change.mirror for change in changes]) - 0.3) < 0.04
    assert abs(np.mean([change.upside_down for change in changes]) - 0.6) < 0.04


def test_a_change_is_a_law_of_the_generator() -> None:
    assert drawn(LIVELY, 5) == drawn(LIVELY, 5)
    assert len(set(drawn(LIVELY, 5))) == 5
    one, two = (np.random.default_rng(3) for _ in range(2))
    draw(LIVELY, one), draw(but(switch=0.01, mirror=0.0), two)
    assert one.random() == two.random()  # the stream stays in step whatever is switched on


def test_with_all_off_nothing_changes() -> None:
    for change in drawn(but(**STILL, mirror=0.0, upside_down=0.0), 5):
        assert change == Change()
        assert np.array_equal(change.map(SIZE).image(change.tone(FILM), SIZE), FILM)


CHANGES = {
    "upside down": Change(upside_down=True),
    "sheared down": Change(shear_y=0.08),
    "sheared both ways": Change(shear=-0.06, shear_y=0.08),
    "all at once": Change(
        degrees=12.0, scale=(0.9, 1.1), shear=0.05, shear_y=-0.04, shift=(0.05, -0.02), mirror=True, upside_down=True
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_an_image_and_its_points_move_alike(change: Change) -> None:
    size = (160, 120)
    for place in ((45.0, 60.0), (75.0, 60.0), (60.0, 95.0)):
        film = np.zeros(size, np.float32)
        y, x = np.indices(size)
        film[:] = np.exp(-((x - place[0]) ** 2 + (y - place[1]) ** 2) / (2 * 3.0**2))
        moved = change.map(size).image(film, size)
        center = np.array([(moved * x).sum(), (moved * y).sum()]) / moved.sum()
        assert np.allclose(center, change.map(size).points(place), atol=0.1)


@pytest.mark.parametrize("change", [Change(mirror=True), Change(upside_down=True), Change(mirror=True, upside_down=True)])
def test_a_flip_undoes_itself_and_is_exact(change: Change) -> None:
    flip = change.map(SIZE)
    assert np.allclose((flip @ flip).matrix, np.eye(3))
    rows, columns = (-1 if change.upside_down else 1), (-1 if change.mirror else 1)
    assert np.array_equal(flip.image(FILM, SIZE), FILM[::rows, ::columns])


def test_a_shear_moves_rows_by_columns_and_leaves_the_middle() -> None:
    """x stays; y goes down by the tangent for each pixel right of the middle column."""
    sheared = Change(shear_y=0.1).map(SIZE)
    middle = ((SIZE[1] - 1) / 2, (SIZE[0] - 1) / 2)
    assert np.allclose(sheared.points(middle), middle)
    assert np.allclose(sheared.points((middle[0] + 10, 7.0)), (middle[0] + 10, 8.0))
    assert np.linalg.det(sheared.matrix) == pytest.approx(1)
    assert Change(shear_y=0.1, shear=0.2).map(SIZE).mirrors is False


def test_gain_and_offset_by_hand() -> None:
    film = np.array([[0.0, 0.5, 0.9]], np.float32)
    assert np.allclose(Change(gain=1.2, offset=0.04).tone(film), [[0.04, 0.64, 1.0]])
    assert np.allclose(Change(gain=0.9, offset=-0.02).tone(film), [[0.0, 0.43, 0.79]])
