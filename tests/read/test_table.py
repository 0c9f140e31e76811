"""Tables for films: the same to the bit as the plain way over all pixels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boneage.read.gray import Chain, Rescale, Window, develop
from boneage.read.table import count, every, look_up, percentiles

TYPES = ["u1", "i1", "<u2", "<i2", ">u2"]


def drawn(kind: str, seed: int, size: tuple[int, int] = (37, 23)) -> np.ndarray:
    dtype = np.dtype(kind)
    ends = np.iinfo(dtype)
    return np.random.default_rng(seed).integers(ends.min, ends.max, size, endpoint=True).astype(dtype)


@pytest.mark.parametrize("kind", TYPES)
def test_a_table_holds_every_value_once_and_finds_it(kind: str) -> None:
    values = drawn(kind, 1)
    table = every(values.dtype)
    assert len(set(table.tolist())) == len(table) == 2 ** (8 * values.dtype.itemsize)
    np.testing.assert_array_equal(look_up(values, table.astype(np.float32)), values.astype(np.float32))
    np.testing.assert_array_equal(np.repeat(np.sort(table), count(values)[np.argsort(table)]), np.sort(values, axis=None))


@given(st.sampled_from([*TYPES, "f4"]), st.integers(0, 2**32 - 1), st.integers(1, 400), st.floats(0, 100))
def test_percentiles_are_numpys_to_the_bit(kind: str, seed: int, size: int, share: float) -> None:
    if kind == "f4":
        values: np.ndarray = np.random.default_rng(seed).random((size, 1), np.float32)
    else:
        values = drawn(kind, seed, (size, 1)) % 50
    shares = (0.1, 99.9, share)
    assert percentiles(values, shares) == tuple(np.percentile(values.astype(np.float64), shares))


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("bits", [8, 12, 16])
def test_developing_by_table_is_developing_pixel_by_pixel(bits: int, *, signed: bool) -> None:
    low = -(1 << (bits - 1)) if signed else 0
    values = np.random.default_rng(bits).integers(low, low + (1 << bits), (80, 70))
    stored = values.astype(f"{'i' if signed else 'u'}{1 if bits <= 8 else 2}")
    window = Window(low + 0.6 * 2**bits, 0.7 * 2**bits)
    plain = window(stored.astype(np.float64) * 1.5 + 3).astype(np.float32)
    pixels, useless = develop(stored, Chain(bits, signed, inverted=False, modality=Rescale(1.5, 3), voi=window))
    assert not useless
    np.testing.assert_array_equal(pixels, plain)
