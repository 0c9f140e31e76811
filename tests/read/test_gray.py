"""The gray chain, worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from boneage.read.gray import Chain, Lut, Rescale, Window, develop

VALUES = np.arange(-200.0, 300.0)


def test_linear_window_by_the_standards_example() -> None:
    """PS3.3 C.11.2.1.2.1: center 2048, width 4096 leaves 0..4095 as it is."""
    window = Window(2048, 4096)
    np.testing.assert_allclose(window(np.array([0.0, 4095.0, 2047.5, -9, 5000])), [0, 1, 0.5, 0, 1])


def test_linear_exact_window() -> None:
    np.testing.assert_allclose(Window(50, 100, "LINEAR_EXACT")(np.array([0.0, 25, 50, 100, 101])), [0, 0.25, 0.5, 1, 1])


def test_sigmoid_window() -> None:
    window = Window(50, 100, "SIGMOID")
    np.testing.assert_allclose(window(np.array([50.0, 75.0])), [0.5, 1 / (1 + np.exp(-1))])
    assert np.isfinite(window(np.array([-1e9, 1e9]))).all()


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
def test_windows_rise_within_0_and_1(function: str) -> None:
    gray = Window(30, 120, function)(VALUES)
    assert gray.min() >= 0
    assert gray.max() <= 1
    assert (np.diff(gray) >= 0).all()


def test_width_one_is_a_threshold() -> None:
    np.testing.assert_allclose(Window(10, 1)(np.array([9.0, 10.0])), [0, 1])


def test_lut_holds_its_ends() -> None:
    lut = Lut(10, np.array([5, 100, 255], np.uint16), 8)
    np.testing.assert_array_equal(lut(np.array([-3.0, 10, 11, 12, 99])), [5, 5, 100, 255, 255])


@pytest.mark.parametrize(("highest", "bits", "top"), [(4095, 12, 4095), (4095, 16, 4095), (60000, 16, 65535), (5000, 12, 8191)])
def test_lut_range_is_declared_unless_the_entries_disprove_it(highest: int, bits: int, top: int) -> None:
    assert Lut(0, np.array([0, highest], np.uint16), bits).top == top


@pytest.mark.parametrize("signed", [False, True])
def test_inversion_knows_the_range_of_each_step(signed: bool) -> None:
    """With and without a step before it, inverting is 1 - gray, whatever depth the step had."""
    low = -2048 if signed else 0
    stored = (low + np.arange(4096).reshape(64, 64)).astype(np.int16)
    ten_bits = Lut(low, np.arange(4096, dtype=np.uint16) // 4, 10)
    for modality in (None, Rescale(0.25, 7), ten_bits):
        for voi in (None, Window(low + 2048, 4096), Window(0, 500, "SIGMOID")):
            chain = Chain(12, signed, inverted=False, modality=modality, voi=voi)
            upright, _ = develop(stored, chain)
            inverted, _ = develop(stored, Chain(12, signed, inverted=True, modality=modality, voi=voi))
            np.testing.assert_allclose(upright + inverted, 1, atol=1e-6)


def test_values_beyond_the_declared_depth_are_clipped() -> None:
    stored = np.array([[0, 4095], [4096, 65535]], np.uint16).repeat(32, 0).repeat(32, 1)
    pixels, _ = develop(stored, Chain(12, signed=False, inverted=False))
    np.testing.assert_array_equal(np.unique(pixels), [0, 1])
