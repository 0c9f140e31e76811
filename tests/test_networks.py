"""Weights: checked on every load, described by a card."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from boneage.errors import BoneAgeError, Kind
from boneage.networks import WEIGHTS, Card, OnnxNetwork, find_weights, load_network, weights_from
from boneage.systems import REFERENCE

NAMES = sorted(path.stem for path in WEIGHTS.glob("*.onnx"))  # the package's; tests/test_lab_weights.py has the lab's


@pytest.mark.parametrize("name", NAMES)
def test_every_network_loads_and_its_card_is_complete(name: str) -> None:
    network = load_network(name)
    assert network.card.name == name
    assert network.card.values["license"] == "LicenseRef-boneage-weights"
    assert len(network.card.values["split_hash"]) == 12
    assert Path(f"recipes/{name}.toml").is_file() or not Path("recipes").is_dir()


@pytest.mark.parametrize("name", NAMES)
def test_a_batch_equals_one_by_one(name: str) -> None:
    network = load_network(name)
    batch = np.random.default_rng(0).random((3, 1, *network.card.size), np.float32)
    extra = {} if len(network.card.values["input"]["names"]) == 1 else {"sex": np.array([[0], [1], [1]], np.float32)}
    together = network(batch, **extra)
    for k in range(3):
        alone = network(batch[k : k + 1], **{key: value[k : k + 1] for key, value in extra.items()})
        for one, many in zip(alone, together, strict=True):
            assert np.allclose(one[0], many[k], atol=1e-3)


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    name = NAMES[0]
    path = tmp_path / f"{name}.onnx"
    shutil.copyfile(WEIGHTS / f"{name}.onnx", path)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(BoneAgeError, match="checksum") as caught:
        OnnxNetwork(path, Card.read(WEIGHTS / f"{name}.toml"))
    assert caught.value.kind is Kind.BAD_WEIGHTS


def test_the_package_holds_what_assess_uses_by_default() -> None:
    assert sorted(REFERENCE.weights) == NAMES


def test_an_absent_network_is_told_with_the_commands_that_make_it() -> None:
    with pytest.raises(BoneAgeError, match=r"boneage train recipes/reference-1999-01\.toml") as caught:
        load_network("reference-1999-01")
    assert caught.value.kind is Kind.BAD_WEIGHTS


def test_a_network_in_a_folder_of_its_own_is_found_first_and_forgotten_after(tmp_path: Path) -> None:
    name = NAMES[0]
    before = load_network(name)
    for suffix in ("onnx", "toml"):
        shutil.copyfile(WEIGHTS / f"{name}.{suffix}", tmp_path / f"{name}.{suffix}")
    with weights_from(tmp_path):
        assert find_weights(f"{name}.onnx") == tmp_path / f"{name}.onnx"
        assert find_weights(f"{NAMES[1]}.onnx").parent == WEIGHTS
        assert (within := load_network(name)) is not before
    assert find_weights(f"{name}.onnx").parent == WEIGHTS
    assert load_network(name) is not within


def test_a_network_s_size_is_its_card_s() -> None:
    for name in NAMES:
        network = load_network(name)
        assert network.size == network.card.size == tuple(network.card.values["input"]["size"])


def test_the_weights_stay_small() -> None:
    sizes = [path.stat().st_size for path in WEIGHTS.glob("*.onnx")]
    assert max(sizes) < 25 * 2**20
    assert sum(sizes) < 35 * 2**20
