"""A calibrated distribution keeps its expectation and is as wide as the errors were."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boneage.combine.distribution import Shape, fit_shape, reach
from boneage.types import MONTHS, YEAR_CENTERS, Vote

Array = npt.NDArray[np.float64]
GRID = np.arange(MONTHS)


def bell(months: float, spread: float) -> Array:
    p = np.exp(-0.5 * ((GRID - months) / spread) ** 2)
    return np.asarray(p / p.sum())


def simulate(films: int, *, too_wide: float, seed: int = 0) -> tuple[Array, list[Array]]:
    """Bells that are `too_wide` times as wide as the errors about their expectations."""
    random = np.random.default_rng(seed)
    errors = random.uniform(5, 12, films)
    months = random.uniform(70, 170, films)
    truth = np.clip(np.rint(months + random.normal(0, errors)), 0, 239)
    return truth, [bell(m, too_wide * s) for m, s in zip(months, errors, strict=True)]


@given(
    months=st.floats(60, 180),
    spread=st.floats(2, 12),
    stretch=st.floats(0.5, 1.5),
    power=st.floats(0, 1.25),
    smoothing=st.sampled_from([0.0, 1.0, 5.0]),
)
def test_the_expectation_stays_and_the_whole_is_1(
    months: float, spread: float, stretch: float, power: float, smoothing: float
) -> None:
    p = bell(months, spread)
    made = Shape(10.0, stretch, power, smoothing)(p)
    assert made.shape == (MONTHS,)
    assert made.min() >= 0
    assert made.sum() == pytest.approx(1)
    assert float(made @ GRID) == pytest.approx(float(p @ GRID), abs=0.1)


def test_a_shape_of_ones_changes_nothing() -> None:
    p = bell(100.3, 9.0)
    assert Shape(7.0, 1.0, 1.0, 0.0)(p) == pytest.approx(p, abs=1e-12)


def test_widths_add_as_they_should() -> None:
    """Stretched by 2, then a bell of 5 months laid over: the variances add."""
    made = Vote("", Shape(8.0, 2.0, 1.0, 5.0)(bell(120.0, 8.0)))
    assert made.spread_months == pytest.approx(np.hypot(16.0, 5.0), abs=0.1)


def test_the_width_goes_with_the_power_of_the_spread() -> None:
    for power, wider in ((0.0, 1.0), (0.5, 2**0.5), (1.0, 2.0)):
        spreads = [Vote("", Shape(6.0, 1.0, power, 0.0)(bell(120.0, spread))).spread_months for spread in (6.0, 12.0)]
        assert spreads[0] == pytest.approx(6.0, abs=0.05)
        assert spreads[1] / spreads[0] == pytest.approx(wider, rel=0.02)


@pytest.mark.parametrize("too_wide", [0.6, 1.0, 1.6])
def test_the_fit_finds_the_width_of_the_errors(too_wide: float) -> None:
    shape = fit_shape(*simulate(400, too_wide=too_wide))
    truth, distributions = simulate(1000, too_wide=too_wide, seed=1)
    made = np.stack([shape(one) for one in distributions])
    here = made[np.arange(1000), truth.astype(int)]
    below = made.cumsum(1)[np.arange(1000), truth.astype(int)] - here / 2
    for level in (0.5, 0.8, 0.9):
        held = np.mean(np.abs(below - 0.5) <= level / 2)
        assert held == pytest.approx(level, abs=0.06)  # the widths are tried in steps of 10 %


def test_a_spread_that_tells_nothing_is_not_followed() -> None:
    truth, distributions = simulate(400, too_wide=1.0)
    random = np.random.default_rng(2)
    shuffled = [bell(float(one @ GRID), random.uniform(4, 16)) for one in distributions]
    assert fit_shape(truth, shuffled).power <= 0.25
    assert fit_shape(truth, distributions).power >= 0.75


def test_one_number_and_years_get_their_width_from_the_smoothing() -> None:
    random = np.random.default_rng(3)
    months = random.uniform(80, 170, 300)
    truth = np.rint(months + random.normal(0, 10, 300))
    numbers = fit_shape(truth, [Vote.at("", m).probabilities for m in months])
    assert (numbers.stretch, numbers.power, numbers.smoothing_months) == (1.0, 1.0, 10.0)
    shares = np.exp(-0.5 * ((np.array(YEAR_CENTERS) - months[:, None]) / 10) ** 2)
    years = fit_shape(truth, [Vote.at("", YEAR_CENTERS, one / one.sum()).probabilities for one in shares])
    assert years.smoothing_months >= 3


def test_a_wholly_wrong_film_does_not_set_the_width() -> None:
    truth, distributions = simulate(400, too_wide=1.0)
    clean = fit_shape(truth, distributions)
    truth[:2] = 239.0
    wrong = fit_shape(truth, distributions)
    assert wrong.smoothing_months <= clean.smoothing_months + 2
    assert wrong.stretch <= 1.2 * clean.stretch


def test_the_reach_is_the_quantiles_distance_and_follows_the_skew() -> None:
    below, above = reach(bell(120.0, 10.0), tail=0.05)
    assert below == pytest.approx(16.45, abs=0.1)
    assert above == pytest.approx(16.45, abs=0.1)
    skew = 0.8 * bell(100.0, 5.0) + 0.2 * bell(130.0, 5.0)
    below, above = reach(skew, tail=0.05)
    assert above > below > 0


@pytest.mark.parametrize(
    "change", [{"typical_months": 0.0}, {"stretch": 0.0}, {"stretch": float("nan")}, {"power": -1.0}, {"smoothing_months": -1.0}]
)
def test_a_shape_that_cannot_be_is_never_made(change: dict[str, object]) -> None:
    good = Shape(10.0, 0.8, 1.0, 2.0)
    assert Shape.from_dict(good.to_dict()) == good
    with pytest.raises(ValueError, match="expected"):
        Shape.from_dict({**good.to_dict(), **change})
    with pytest.raises(TypeError):
        Shape.from_dict({**good.to_dict(), "power": "one"})
