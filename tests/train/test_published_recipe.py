"""Recipes of the published networks: strict, true to their systems, and never of the test part."""

from __future__ import annotations

from pathlib import Path

import pytest

from boneage import dataset
from boneage.dataset import LABELS, Part, Scan, part_of
from boneage.errors import BoneAgeError, Kind
from boneage.systems import REFERENCE, SYSTEMS, WAYS, Answer, Member, SexUse, System, find_way, member_of
from boneage.train import published_task
from boneage.train.build import takes_sex
from boneage.train.prepared_films import crop_names
from boneage.train.published import Attention, CrossEntropy, Msle, PublishedTask, YearClasses
from boneage.train.published_task import films_of
from boneage.train.recipe import Recipe, UniformAugment, read_recipe
from boneage.types import Sex

FOLDER = Path(__file__).parents[2] / "recipes"
ALL = {path.stem: read_recipe(path) for path in sorted(FOLDER.glob("*.toml")) if path.stem != "queue"}
PUBLISHED = {name: recipe for name, recipe in ALL.items() if isinstance(recipe.task, PublishedTask)}
MEMBERS = [(system, member) for system in SYSTEMS.values() if system is not REFERENCE for member in system.members]


def first_of(recipe: Recipe) -> Recipe:
    """The recipe a chain of trainings began with."""
    name = recipe.start.removeprefix("recipe:")
    return first_of(ALL[name]) if name in ALL else recipe


def task_of(recipe: Recipe) -> PublishedTask:
    assert isinstance(recipe.task, PublishedTask)
    return recipe.task


@pytest.mark.parametrize("name", PUBLISHED)
def test_its_way_exists_and_makes_its_crops(name: str) -> None:
    films = task_of(PUBLISHED[name]).films
    assert films.way in WAYS
    assert set(films.crops) <= set(crop_names(find_way(films.way)))
    assert len(set(films.crops)) == len(films.crops)


@pytest.mark.parametrize(("system", "member"), MEMBERS, ids=[member.network for _, member in MEMBERS])
def test_a_member_is_what_its_recipe_trains(system: System, member: Member) -> None:
    task = task_of(PUBLISHED[member.network])
    assert find_way(task.films.way) == system.way
    assert task.films.crops == member.crops
    assert Answer[task.answer.kind.upper().replace("-", "_")] is member.answer
    assert takes_sex(task) is (member.sex is SexUse.JOINED)
    cohort = {SexUse.FEMALE: "female", SexUse.MALE: "male"}.get(member.sex, "both")
    assert task.films.cohort == cohort
    assert task.films.months[0] == system.youngest_months


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_parts_fit_each_other(name: str) -> None:
    recipe, task = PUBLISHED[name], task_of(PUBLISHED[name])
    assert isinstance(recipe.augment, UniformAugment)
    assert isinstance(task.answer, YearClasses) == isinstance(task.loss, CrossEntropy)
    low, high = task.films.months
    assert 0 <= low < high
    if isinstance(task.answer, YearClasses):
        assert low == 60.0
    for limits in (recipe.augment.degrees, recipe.augment.width, recipe.augment.gain, recipe.augment.shift_x):
        assert limits[0] <= limits[1]
    if recipe.start == "imagenet":
        assert task.network.kind in {"alexnet", "googlenet", "vgg16", "mobilenet_v2"}
    assert "paper" not in name or not any(member.network == name for _, member in MEMBERS)


@pytest.mark.parametrize("name", [name for name in PUBLISHED if name.endswith("-paper")])
def test_a_paper_s_size_stands_beside_what_is_trained_here(name: str) -> None:
    family = name.removesuffix("-paper")
    assert [other for other in PUBLISHED if other.startswith(family) and other != name]


def of(prefix: str) -> list[Recipe]:
    """The recipes of the members whose name starts so."""
    return [PUBLISHED[member.network] for _, member in MEMBERS if member.network.startswith(prefix)]


def test_iglovikov_s_settings() -> None:
    recipes = of("vgg")
    assert len(recipes) == 6
    for recipe in recipes:
        network = task_of(recipe).network
        assert network.kind == "vgg"
        assert (network.filters, network.dense) == ((32, 64, 128, 128, 256, 384), (2048, 2048))
        assert (task_of(recipe).loss.kind, recipe.optimizer.algorithm) == ("mae", "adam")


def test_lee_s_settings() -> None:
    """Table 2 and "Training Details": no mirroring, no translation; SGD, weight decay 0.005, batch 96, three steps."""
    for recipe in of("googlenet"):
        change = recipe.augment
        assert isinstance(change, UniformAugment)
        assert (change.mirror, change.upside_down, change.shift_x, change.shift_y) == (0, 0, (0, 0), (0, 0))
        assert change.switch < 1
        assert (recipe.optimizer.algorithm, recipe.optimizer.weight_decay) == ("sgd", 0.005)
        assert recipe.optimizer.schedule.kind == "three-steps"
        assert recipe.start == "random"  # M3
        paper = ALL[f"{recipe.name.removesuffix('-2026-11')}-paper"]
        assert (paper.optimizer.batch, paper.epochs, paper.stages[0].size) == (96, 100, (224, 224))


def test_ren_s_settings() -> None:
    (recipe,) = of("inception-v3")
    change, loss = recipe.augment, task_of(recipe).loss
    assert isinstance(change, UniformAugment)
    assert (change.degrees, change.mirror, change.gain) == ((-20, 20), 0.5, (0.8, 1.2))
    first = task_of(first_of(recipe)).loss
    assert isinstance(first, Attention)
    assert isinstance(loss, Attention)
    assert first.first_k > first.last_k == loss.last_k == 1
    assert task_of(recipe).films.months[1] == 217.0  # older than 18 years are left out


def test_the_study_s_settings() -> None:
    for recipe in (*of("resnet50-gelu"), *of("inception-v4-gelu")):
        change = recipe.augment
        assert isinstance(change, UniformAugment)
        assert (change.mirror, change.upside_down, change.degrees) == (0.5, 0.5, (0, 0))
        assert isinstance(task_of(recipe).loss, Msle)
        assert task_of(recipe).keep == "best"  # early stopping
        assert recipe.optimizer.algorithm == "adam"


@pytest.mark.parametrize("name", PUBLISHED)
def test_no_film_of_calibrate_or_test_is_trained_or_chosen_on(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the split's law, whatever a recipe says."""
    kinds = {film_id: ("low-contrast", "high-contrast")[film_id % 3 > 0] for film_id in range(1377, 1977)}
    monkeypatch.setattr(published_task, "domains", lambda data: kinds)  # no pictures are here
    monkeypatch.setattr(dataset, "scanned", lambda data, scan: None if scan is Scan.CHALLENGE else set(kinds))
    rows = [f"{film_id},{1 + 7 * film_id % 228},{film_id % 2 == 0}" for film_id in range(1377, 1977)]
    (tmp_path / LABELS).write_text("id,boneage,male\n" + "\n".join(rows) + "\n")
    choice = task_of(PUBLISHED[name]).films
    films = films_of(choice, tmp_path)
    assert {film.part for film in films} == {Part.TRAIN, Part.SELECT}
    assert {part_of(film.id) for film in films} == {Part.TRAIN, Part.SELECT}
    assert {film.sex for film in films} == ({Sex(choice.cohort)} if choice.cohort != "both" else set(Sex))
    assert all(choice.months[0] <= film.bone_age_months < choice.months[1] for film in films)


# ---- strictness
def changed(tmp_path: Path, old: str, new: str) -> Path:
    text = (FOLDER / "vgg-a-female-2026-11.toml").read_text()
    assert old in text
    path = tmp_path / "recipe.toml"
    path.write_text(text.replace(old, new, 1))
    return path


@pytest.mark.parametrize(
    ("old", "new", "suggested"),
    [
        ("cohort = ", "cohorts = ", "cohort"),
        ("dropout = ", "drop_out = ", "dropout"),
        ("upside_down = ", "upsidedown = ", "upside_down"),
        ("keep = ", "keeps = ", "keep"),
    ],
)
def test_a_wrong_key_suggests_the_right_one(tmp_path: Path, old: str, new: str, suggested: str) -> None:
    with pytest.raises(BoneAgeError, match=f"did you mean '{suggested}'") as caught:
        read_recipe(changed(tmp_path, old, new))
    assert caught.value.kind is Kind.BAD_RECIPE


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('kind = "vgg"', 'kind = "vgg99"'),
        ('cohort = "female"', 'cohort = "girls"'),
        ('kind = "month-classes"', 'kind = "weeks"'),
        ('crops = ["whole hand"]', "crops = []"),
        ("switch = 1.0", "switch = 0.0"),
    ],
)
def test_a_wrong_value_is_an_error(tmp_path: Path, old: str, new: str) -> None:
    with pytest.raises(BoneAgeError):
        read_recipe(changed(tmp_path, old, new))


@pytest.mark.parametrize("cohort", ["female", "male"])
def test_a_network_that_is_told_the_sex_serves_both(cohort: str, tmp_path: Path) -> None:
    path = tmp_path / "recipe.toml"
    text = (FOLDER / "inception-v3-s5-2026-11.toml").read_text()
    path.write_text(text.replace('cohort = "both"', f'cohort = "{cohort}"'))
    with pytest.raises(BoneAgeError, match=r'regression-cnn joins the sex, so its films\.cohort is "both"'):
        read_recipe(path)


def test_a_network_of_no_system_is_told() -> None:
    with pytest.raises(BoneAgeError, match="vgg-z"):
        member_of("vgg-z")
