"""A recipe's network alone: what its system is."""

from __future__ import annotations

from pathlib import Path

import pytest

from boneage.errors import BoneAgeError, Kind
from boneage.systems import IGLOVIKOV, REFERENCE, SexUse
from boneage.train.alone import system_of
from boneage.train.recipe import read_recipe

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
