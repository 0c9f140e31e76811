"""Fixtures for all: phantoms drawn once, the data set where it is found, and the law that nobody moves global randomness."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import settings

settings.register_profile("boneage", deadline=None)  # no time is asserted
settings.load_profile("boneage")
NOBODY = 65534
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # as engines.py does, for tests that load onnxruntime themselves

from boneage.dataset import LABELS, find_data  # noqa: E402
from boneage.phantom import Phantom, draw  # noqa: E402
from boneage.types import Sex  # noqa: E402


@pytest.fixture(scope="session")
def data() -> Path:
    """The real radiographs; without them the test skips and says so."""
    folder = find_data()
    if folder is None or not (folder / LABELS).is_file():
        pytest.skip("real radiographs not found: set BONEAGE_DATA to the data set's folder")
    return folder


@pytest.fixture(scope="session")
def girl() -> Phantom:
    return draw(100, Sex.FEMALE, seed=3, size=(1000, 750))


@pytest.fixture(scope="session")
def boy() -> Phantom:
    return draw(160, Sex.MALE, seed=4, size=(1000, 750))


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter, used as a user without privileges: root may read everything."""
    with TemporaryDirectory() as name:
        Path(name).chmod(0o777)
        root = os.geteuid() == 0
        if root:
            os.seteuid(NOBODY)
        try:
            yield Path(name)
        finally:
            if root:
                os.seteuid(0)


@pytest.fixture(autouse=True)
def global_random_state_stays() -> Iterator[None]:
    before = np.random.get_state()[1].copy()  # type: ignore[index, union-attr]  # noqa: NPY002
    yield
    assert np.array_equal(before, np.random.get_state()[1])  # type: ignore[index]  # noqa: NPY002
