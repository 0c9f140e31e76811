"""A recipe's network alone: what its system is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tomli_w
import torch
from torch import nn

from boneage.combine.ensemble import combine
from boneage.combine.estimate import Calibration, calibration_file
from boneage.dataset import Film, Part
from boneage.errors import BoneAgeError, Kind
from boneage.evaluate.run import Answers, calibrate
from boneage.networks import load_network, weights_from
from boneage.phantom import Phantom
from boneage.pipeline import assess, perceive
from boneage.regions import sized
from boneage.systems import HAND_FINDER, IGLOVIKOV, REFERENCE, Look, SexUse, Views, aligned_system
from boneage.train.alone import ensemble_of, system_of
from boneage.train.recipe import BoneAgeTask, Recipe, read_recipe
from boneage.types import Image, Radiograph, Sex, Vote
from boneage.vote import vote

RECIPES = Path(__file__).parents[2] / "recipes"


def test_a_member_reads_films_as_its_system_does() -> None:
    alone = system_of(read_recipe(RECIPES / "vgg-b-male-2026-11.toml"))
    assert alone.name == "vgg-b-male-2026-11"
    assert alone.way == IGLOVIKOV.way
    assert alone.members == tuple(member for member in IGLOVIKOV.members if member.network == alone.name)
    assert alone.members[0].sex is SexUse.MALE


def test_the_reference_s_recipe_is_the_reference_and_a_changed_one_has_its_name() -> None:
    recipe = read_recipe(RECIPES / "reference-2026-11.toml")
    assert system_of(recipe) == REFERENCE
    changed = system_of(recipe.model_copy(update={"name": "mine"}))
    assert (changed.name, changed.members[0].network, changed.way) == ("mine", "mine", REFERENCE.way)


def test_a_network_that_reads_no_bone_age_is_refused() -> None:
    with pytest.raises(BoneAgeError, match="hand-finder") as caught:
        system_of(read_recipe(RECIPES / "hand-finder-2026-11.toml"))
    assert caught.value.kind is Kind.BAD_RECIPE


# ---- several reference networks as one system
def random_network(recipe: Recipe, lively: Callable[..., nn.Module], folder: Path, *, seed: int) -> None:
    """Its network with random weights, exported."""
    from boneage.train.build_reference import build_reference
    from boneage.train.export import export

    assert isinstance(recipe.task, BoneAgeTask)
    torch.save({"average": lively(build_reference(recipe.task), seed=seed).state_dict()}, folder / "last.pt")
    export(recipe, folder, card={}, checkpoint=folder / "last.pt")


def calibration_of_any() -> Calibration:
    """Fitted on made-up answers: what it says does not matter here."""
    rng = np.random.default_rng(0)
    films = tuple(Film(k, Sex.MALE if k % 2 else Sex.FEMALE, float(rng.uniform(30, 210))) for k in range(200))
    votes = [combine([Vote.at("a", film.bone_age_months + 10 * rng.standard_normal(9))]) for film in films]
    answers = Answers(Part.SELECT, films, tuple(votes), (), "none")
    return calibrate(answers, answers)


def test_networks_of_several_sizes_and_regions_answer_as_one_system(
    girl: Phantom, tmp_path: Path, small_reference: Callable[..., Recipe], lively: Callable[..., nn.Module]
) -> None:
    form = {
        "trunk": "mobilenet_v2",
        "views": ["whole hand", "carpals", "metacarpals"],
        "pooling": {"kind": "gem", "power": 3.0},
        "sex": {"kind": "early"},
        "hidden": 32,
        "drop_path": 0.0,
        "aids": [{"kind": "key-points", "weight": 1.0}],
    }
    recipes = [
        small_reference(top={"name": "small"}),
        small_reference(top={"name": "large", "stages": [{"epochs": 1, "size": [96, 72]}]}),
        small_reference(top={"name": "views"}, network=form),
        small_reference(top={"name": "own-pixels"}, films={"detail": "film"}),
    ]
    for seed, recipe in enumerate(recipes):
        random_network(recipe, lively, tmp_path, seed=seed)
    system = ensemble_of("reference-ensemble-1999-01", recipes)
    assert [member.views for member in system.members] == [Views.WITH_MIRROR] * 4
    names = [name for member in system.members for name in member.crops]
    assert len(set(names)) == len(names) - 1  # "small" and "views" look at the same whole hand
    (tmp_path / calibration_file(system.calibration)).write_text(tomli_w.dumps(calibration_of_any().to_dict()))
    film = Radiograph(girl.pixels, "0" * 64)
    with weights_from(tmp_path):
        assessment = assess(film, system, sex=Sex.FEMALE)
        crops = assessment.prepared.crops
        votes = vote(system.members, crops, Sex.FEMALE, load=load_network)
        alone = [assess_alone(film, recipe) for recipe in recipes]
    assert [crop.pixels.shape for crop in crops] == [(64, 48), (96, 72), (64, 48), (64, 48), (64, 48)]
    assert [one.months for one in votes] == pytest.approx(alone, abs=1e-6)
    assert len({round(one.months, 2) for one in votes}) == 4
    (estimate,) = assessment.estimates
    assert estimate.bone_age_months == pytest.approx(np.mean(alone), abs=1e-6)  # the mean of the distributions
    assert assessment.weights == (HAND_FINDER, "small", "large", "views", "own-pixels")


def assess_alone(film: Radiograph, recipe: Recipe) -> float:
    system = system_of(recipe)
    (one,) = vote(system.members, perceive(film, system).crops, Sex.FEMALE, load=load_network)
    return one.months


def test_a_mirrored_film_gives_the_same_crops_of_its_own_pixels(girl: Phantom, boy: Phantom) -> None:
    plain, mirrored, other = (carpals(pixels) for pixels in (girl.pixels, girl.pixels[:, ::-1].copy(), boy.pixels))
    assert np.abs(plain - mirrored).mean() < 0.2 * np.abs(plain - other).mean()


def test_an_inverted_film_is_read_in_its_own_pixels_bone_bright(girl: Phantom) -> None:
    plain, inverted = (carpals(np.asarray(pixels, np.float32)) for pixels in (girl.pixels, 1 - girl.pixels))
    assert np.abs(plain - inverted).mean() < 0.02


def carpals(pixels: Image) -> Image:
    """Cut from the film's own pixels."""
    system = aligned_system("a", "b", (Look("none", (sized("carpals", (64, 48), fine=True),), fine=True),))
    return perceive(Radiograph(pixels, "0" * 64), system).crops[0].pixels


def test_only_reference_networks_are_joined() -> None:
    with pytest.raises(BoneAgeError, match="hand-finder"):
        ensemble_of("a", [read_recipe(RECIPES / "hand-finder-2026-11.toml")])
