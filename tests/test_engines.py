"""Engines: chosen by name, threads that change no bit, OpenVINO within what its card says where it is installed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from boneage import Sex, assess
from boneage.engines import ENGINE, NO_TELEMETRY, THREADS, Engine, engine_asked, threads_asked
from boneage.errors import BoneAgeError, Kind
from boneage.networks import load_network
from boneage.phantom import Phantom, write_png
from boneage.types import Flag

MOVED_MONTHS = 0.01  # of 100 films none moved by 0.001


@pytest.fixture(autouse=True)
def networks_of_this_test(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv(ENGINE, raising=False)
    monkeypatch.delenv(THREADS, raising=False)
    load_network.cache_clear()
    yield
    load_network.cache_clear()


def answer(film: Path) -> tuple[float, np.ndarray]:
    load_network.cache_clear()
    (estimate,) = assess(film, sex=Sex.FEMALE).estimates
    return estimate.bone_age_months, estimate.probabilities


def test_onnxruntime_on_one_thread_unless_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (engine_asked(), threads_asked()) == (Engine.ONNXRUNTIME, 1)
    monkeypatch.setenv(ENGINE, "openvino-bf16")
    monkeypatch.setenv(THREADS, "2")
    assert (engine_asked(), threads_asked()) == (Engine.OPENVINO_BF16, 2)


@pytest.mark.parametrize(("name", "word"), [(ENGINE, "tensorrt"), (THREADS, "0"), (THREADS, "many"), (THREADS, "-1")])
def test_another_word_is_refused(name: str, word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, word)
    with pytest.raises(BoneAgeError, match=word) as caught:
        load_network("hand-finder-2026-11")
    assert caught.value.kind is Kind.BAD_OPTION


def test_threads_change_no_bit(girl: Phantom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    film = write_png(girl, tmp_path / "girl.png")
    months, probabilities = answer(film)
    monkeypatch.setenv(THREADS, "2")
    again, others = answer(film)
    assert months == again
    np.testing.assert_array_equal(probabilities, others)


def test_without_openvino_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    monkeypatch.setenv(ENGINE, "openvino")
    with pytest.raises(BoneAgeError, match=r"boneage\[openvino\]"):
        load_network("hand-finder-2026-11")


def test_openvino_gives_the_same_months(girl: Phantom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("openvino", reason="the extra openvino is not installed")
    film = write_png(girl, tmp_path / "girl.png")
    months, _ = answer(film)
    monkeypatch.setenv(ENGINE, "openvino")
    assert answer(film)[0] == pytest.approx(months, abs=MOVED_MONTHS)
    assert Flag.OTHER_ENGINE in assess(film, sex=Sex.FEMALE).flags
    monkeypatch.delenv(ENGINE)
    assert Flag.OTHER_ENGINE not in assess(film, sex=Sex.FEMALE).flags


def test_a_picture_is_read_without_what_it_does_not_need(girl: Phantom, tmp_path: Path) -> None:
    film = write_png(girl, tmp_path / "girl.png")
    code = (
        "import sys; sys.argv = ['boneage', 'assess', sys.argv[1], '--sex', 'female', '--json']\n"
        "from boneage.cli import app\n"
        "try: app()\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "bad = {'pydicom', 'jinja2', 'gdcm', 'openvino'} & set(sys.modules); assert not bad, bad"
    )
    done = subprocess.run([sys.executable, "-c", code, str(film)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_nobody_is_told_that_a_film_was_read(girl: Phantom, tmp_path: Path) -> None:
    """onnxruntime keeps what it is about to send to its makers in the folders for caches and temporary files."""
    film, home = write_png(girl, tmp_path / "girl.png"), tmp_path / "home"
    home.mkdir()
    folders = dict.fromkeys(("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"), str(home))
    known = {key: value for key, value in os.environ.items() if key != NO_TELEMETRY}
    command = [sys.executable, "-B", "-m", "boneage", "assess", str(film), "--sex", "female", "--json"]
    done = subprocess.run(command, env=known | folders, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not list(home.rglob("*"))
