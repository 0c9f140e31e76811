"""The published systems' networks in weights-lab/: whole, described, and still doing what their cards say."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from boneage.evaluate.figures import age_figures, box_figures, joint_figures, key_point_figures, mask_figures
from boneage.evaluate.masks import masker, phantom_films
from boneage.networks import Card, OnnxNetwork, load_network
from boneage.phantom import Phantom
from boneage.prepare import prepare
from boneage.prepare.registered import RegisteredHand
from boneage.report.folder import write_prepared
from boneage.standardize.segment import iou
from boneage.systems import SYSTEMS, WAYS, SexUse, network_alone
from boneage.template import MIDDLE_TIP
from boneage.types import Radiograph

ROOT = Path(__file__).parents[1]
LAB = ROOT / "weights-lab"
NAMES = sorted(path.stem for path in LAB.glob("*.onnx"))


def age_figures_of(name: str, data: Path) -> dict[str, float]:
    return age_figures(network_alone(name), data)


FIGURES: dict[str, Callable[[str, Path], dict[str, float]]] = {
    "hand-mask": mask_figures,
    "patch-cnn": mask_figures,
    "key-points": key_point_figures,
    "hand-box": box_figures,
    "joint-detector": joint_figures,
    **dict.fromkeys(("vgg", "googlenet", "inception", "resnet", "densenet"), age_figures_of),
}

LARGEST_LOSS_MONTHS = 1.5  # of a single film, where weights are stored in bytes (train/measure.py)

pytestmark = pytest.mark.skipif(not LAB.is_dir(), reason="weights-lab/ is not here: run in the source tree")


@pytest.fixture(autouse=True)
def in_the_source_tree(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize("name", NAMES)
def test_it_loads_and_its_card_is_complete(name: str) -> None:
    card = load_network(name).card
    assert card.name == name
    assert card.values["license"] == "LicenseRef-boneage-weights"
    assert len(card.values["split_hash"]) == 12
    assert (ROOT / card.values["training"]["recipe"]).is_file()
    bytes_a_weight = card.values.get("weights", "float16") != "float16"
    assert card.values["figures"]["torch_onnx_difference"] < (LARGEST_LOSS_MONTHS if bytes_a_weight else 0.05)


@pytest.mark.parametrize("name", NAMES)
def test_it_reproduces_its_card(name: str, data: Path) -> None:
    said = load_network(name).card.values["figures"]
    kind = next(kind for kind in FIGURES if name.startswith(kind))
    for key, value in FIGURES[kind](name, data).items():
        assert value == pytest.approx(said[key], rel=2e-3, abs=2e-3), key


@pytest.mark.parametrize("name", NAMES)
def test_the_same_film_gives_the_same_answer_twice(name: str) -> None:
    network = load_network(name)
    declared = network.card.values["input"]
    found = re.search(r"\[B, (\d+), H, W\]", declared["layout"])
    film = np.random.default_rng(0).random((1, int(found[1]) if found else 1, *network.card.size), np.float32)
    male = {"sex": np.ones((1, 1), np.float32)} if "sex" in declared["names"] else {}
    for one, two in zip(network(film, **male), network(film, **male), strict=True):
        assert np.array_equal(one, two)


@pytest.mark.parametrize("name", WAYS)
def test_a_phantom_goes_the_way_of_each_published_system(name: str, girl: Phantom, tmp_path: Path) -> None:
    film = Radiograph(girl.pixels, "")
    way = WAYS[name]
    prepared = prepare(film, way, load=load_network)
    written = write_prepared(tmp_path / "out", film, prepared)
    assert len(written) == len(prepared.steps) + len(prepared.crops)
    assert all(cv2.imread(str(path)) is not None for path in written)
    for step in prepared.steps:
        if step.mask is not None:
            to_film = step.to_source.image(step.mask.astype(np.float32), girl.size)
            assert iou(to_film > 0.5, girl.mask) > 0.8
        if step.name == "registered":
            assert isinstance(way, RegisteredHand)
            tip = step.to_source.inverse().points(girl.points[MIDDLE_TIP])
            assert np.linalg.norm(tip - way.frame.tip) < 0.2 * way.frame.size[0]


@pytest.mark.parametrize(("name", "least"), [("hand-mask-2026-11", 0.95), ("patch-cnn-2026-11", 0.9)])
def test_masks_of_phantoms_are_as_good_as_promised(name: str, least: float) -> None:
    mask_of = masker(load_network(name))
    assert np.mean([iou(mask_of(one.pixels, one.size[1] / one.size[0]), one.mask) for one in phantom_films(12)]) >= least


def test_a_changed_card_is_refused(tmp_path: Path) -> None:
    card = Card.read(LAB / f"{NAMES[0]}.toml")
    wrong = Card(card.name, "0" * 64, card.size, card.values)
    with pytest.raises(Exception, match="checksum"):
        OnnxNetwork(LAB / f"{NAMES[0]}.onnx", wrong)


def test_none_is_larger_than_the_repository_bears() -> None:
    sizes = [path.stat().st_size for path in LAB.glob("*.onnx")]
    assert max(sizes) < 90 * 2**20
    assert sum(sizes) < 200 * 2**20


def test_a_trained_system_s_networks_have_the_size_and_the_channels_their_members_give() -> None:
    members = [member for system in SYSTEMS.values() for member in system.members if member.network in NAMES]
    for member in members:
        declared = load_network(member.network).card.values["input"]
        assert declared["layout"].startswith(f"float32 [B, {len(member.crops)}, H, W]")
        assert ("sex" in declared["names"]) is (member.sex is SexUse.JOINED)
