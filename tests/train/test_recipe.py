"""Recipes: complete, strict, with suggestions."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from boneage.errors import BoneAgeError, Kind
from boneage.train.recipe import read_recipe

RECIPES = [path for path in sorted((Path(__file__).parents[2] / "recipes").glob("*.toml")) if path.stem != "queue"]


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_every_recipe_is_complete_and_named_as_its_file(path: Path) -> None:
    recipe = read_recipe(path)
    assert recipe.name == path.stem
    command = "boneage (train|mine run FOLDER --recipe)"
    assert re.search(rf"^#.*{command} recipes/{re.escape(path.name)}", path.read_text(), re.MULTILINE)


def changed(tmp_path: Path, old: str, new: str) -> Path:
    text = next(path for path in RECIPES if "reference" in path.stem).read_text()
    assert old in text
    path = tmp_path / "recipe.toml"
    path.write_text(text.replace(old, new, 1))
    return path


def test_an_unknown_key_is_an_error_with_a_suggestion(tmp_path: Path) -> None:
    with pytest.raises(BoneAgeError, match="did you mean 'learning_rate'") as caught:
        read_recipe(changed(tmp_path, "learning_rate", "learnign_rate"))
    assert caught.value.kind is Kind.BAD_RECIPE


def test_an_absent_key_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BoneAgeError, match="dropout"):
        read_recipe(changed(tmp_path, "dropout = 0.2\n", ""))


@pytest.mark.parametrize(("old", "new"), [("mirror = 0.5", "mirror = 1.5"), ("batch = 32", "batch = 0")])
def test_a_value_out_of_range_is_an_error(tmp_path: Path, old: str, new: str) -> None:
    with pytest.raises(BoneAgeError, match=old.split()[0]):
        read_recipe(changed(tmp_path, old, new))


def test_a_file_that_is_not_toml_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text("name = ")
    with pytest.raises(BoneAgeError, match=r"x\.toml"):
        read_recipe(path)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("vgg-a-femal-2026-11.toml", "vgg-a-female-2026-11.toml"),
        ("recipes/vgg-a-female", "recipes/vgg-a-female-2026-11.toml"),
        ("xyz.toml", "See recipes/"),
    ],
)
def test_a_recipe_that_is_not_there_is_told_with_those_of_near_names(
    asked: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(RECIPES[0].parents[1])
    with pytest.raises(BoneAgeError, match=f"no recipe {asked}") as caught:
        read_recipe(Path(asked))
    assert caught.value.kind is Kind.BAD_RECIPE
    assert said in caught.value.todo


def test_sizes_follow_the_stages() -> None:
    recipe = read_recipe(next(path for path in RECIPES if "reference" in path.stem))
    first, second = recipe.stages
    assert recipe.size_at(0) == recipe.size_at(first.epochs - 1) == first.size
    assert recipe.size_at(first.epochs) == recipe.size_at(recipe.epochs) == second.size
