"""Recipes of the published networks: strict, true to their systems, and never of the test part."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from boneage import dataset
from boneage.dataset import LABELS, Part, Scan, part_of
from boneage.errors import BoneAgeError, Kind
from boneage.prepare.registered import RegisteredHand
from boneage.systems import REFERENCE, SYSTEMS, WAYS, Answer, Member, SexUse, System, find_way, member_of
from boneage.train import published_task
from boneage.train.build import takes_sex
from boneage.train.prepared_films import crop_names
from boneage.train.published import (
    Attention,
    CrossEntropy,
    LeeNetwork,
    Mae,
    MonthClasses,
    Months,
    Msle,
    PublishedTask,
    RegressionCnn,
    ResNet50,
    Vgg,
    YearClasses,
)
from boneage.train.published_task import films_of
from boneage.train.recipe import Exponential, Recipe, ThreeSteps, UniformAugment, read_recipe
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
    kind = task.answer.kind.removeprefix("log-")  # the logarithm is taken back in the exported file
    assert Answer[kind.upper().replace("-", "_")] is member.answer
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


def twins_named_by(name: str) -> set[str]:
    """The recipes of a paper's own size that a recipe's text names."""
    return set(re.findall(r"([\w-]+-paper)\.toml", (FOLDER / f"{name}.toml").read_text()))


@pytest.mark.parametrize("name", [name for name in PUBLISHED if not name.endswith("-paper")])
def test_what_is_trained_here_names_the_recipe_of_the_paper_s_size(name: str) -> None:
    assert twins_named_by(name)
    assert twins_named_by(name) <= PUBLISHED.keys()


@pytest.mark.parametrize("network", [member.network for _, member in MEMBERS])
def test_a_member_s_twin_is_it_but_for_size_epochs_and_rate(network: str) -> None:
    (twin,) = twins_named_by(network)
    one, two = task_of(PUBLISHED[twin]), task_of(first_of(PUBLISHED[network]))
    assert PUBLISHED[twin].epochs >= 100
    own = task_of(PUBLISHED[network])
    assert (one.answer, one.loss) == (own.answer, two.loss)
    assert one.network.model_copy(update={"dropout": 0.0}) == two.network.model_copy(update={"dropout": 0.0})
    assert (one.films.crops, one.films.cohort, one.films.months) == (two.films.crops, two.films.cohort, two.films.months)
    assert PUBLISHED[twin].augment == PUBLISHED[network].augment
    assert PUBLISHED[twin].start == first_of(PUBLISHED[network]).start


def paper(prefix: str) -> list[Recipe]:
    """The recipes of the paper's own size whose name starts so."""
    return [recipe for name, recipe in PUBLISHED.items() if name.startswith(prefix) and name.endswith("-paper")]


@pytest.mark.parametrize("region", ["vgg-a", "vgg-b", "vgg-c"])
def test_iglovikov_s_own_sizes_are_pixels_of_the_registered_frame(region: str) -> None:
    """Section 4.3; nothing that was prepared smaller is enlarged."""
    sizes = {"vgg-a": (2000, 1500), "vgg-b": (750, 750), "vgg-c": (600, 1400)}
    assert [task_of(recipe).films.cohort for recipe in paper(region)] == ["female", "male", "both"]
    for recipe in paper(region):
        films = task_of(recipe).films
        way = find_way(films.way)
        assert isinstance(way, RegisteredHand)
        assert way.frame.size == (2080, 1600)
        (window,) = (window for window in way.windows if window.name in films.crops)
        assert recipe.stages[-1].size == window.size(way.frame) == sizes[region]
        assert recipe.optimizer.learning_rate == 1e-3


def of(prefix: str) -> list[Recipe]:
    """The recipes of the members whose name starts so."""
    return [PUBLISHED[member.network] for _, member in MEMBERS if member.network.startswith(prefix)]


def changes_of(recipe: Recipe) -> UniformAugment:
    assert isinstance(recipe.augment, UniformAugment)
    return recipe.augment


def test_iglovikov_s_settings() -> None:
    """Section 4.1: Adam to 1e-5, MAE; "zoom, rotation and shift" and no more."""
    recipes = of("vgg")
    assert len(recipes) == 6
    for recipe in (*recipes, *paper("vgg")):
        network, change = task_of(recipe).network, changes_of(recipe)
        assert isinstance(network, Vgg)
        assert (network.filters, network.dense) == ((32, 64, 128, 128, 256, 384), (2048, 2048))
        assert isinstance(task_of(recipe).answer, MonthClasses)
        assert isinstance(task_of(recipe).loss, Mae)
        assert recipe.optimizer.algorithm == "adam"
        assert recipe.optimizer.schedule == Exponential(kind="exponential", last=1e-5)
        for low, high in (change.degrees, change.shift_x, change.shift_y):
            assert low < 0 < high
        assert change.width[0] < 1 < change.width[1]
        assert change.together  # zoom
        assert (change.shear_x, change.shear_y, change.gain, change.offset) == ((0, 0), (0, 0), (1, 1), (0, 0))
        assert (change.mirror, change.upside_down) == (0, 0)


def test_iglovikov_s_regression_answers_from_minus_1_to_1() -> None:
    recipes = [recipe for name, recipe in PUBLISHED.items() if name.startswith("vgg") and "-regression-" in name]
    assert len(recipes) == 9
    for recipe in recipes:
        assert task_of(recipe).answer == Months(kind="months", center_months=120, scale_months=120)  # of 0 to 240
        assert isinstance(task_of(recipe).loss, Mae)


def test_lee_s_settings() -> None:
    """Table 2 and "Training Details": no mirroring, no translation; SGD, weight decay 0.005, batch 96, three steps."""
    assert len(of("googlenet")) == 2
    for recipe in (*of("googlenet"), *paper("googlenet")):
        change = changes_of(recipe)
        assert (change.mirror, change.upside_down, change.shift_x, change.shift_y) == (0, 0, (0, 0), (0, 0))
        assert change.switch < 1
        assert (change.degrees, change.width, change.height) == ((-30, 30), (0.85, 1), (0.9, 1))
        assert (change.shear_x, change.shear_y, change.gain) == ((-5, 5), (-5, 5), (0.9, 1))
        assert change.offset == pytest.approx((0, 10 / 255))
        assert not change.together
        assert isinstance(task_of(recipe).network, LeeNetwork)
        assert (recipe.optimizer.algorithm, recipe.optimizer.weight_decay) == ("sgd", 0.005)
        assert isinstance(recipe.optimizer.schedule, ThreeSteps)
        assert recipe.optimizer.schedule.gamma in {0.1, 0.5, 0.75}
        m4 = "-m4-" in recipe.name
        assert (recipe.start, recipe.optimizer.learning_rate) == (("imagenet", 0.005) if m4 else ("random", 0.01))


def test_lee_s_own_size() -> None:
    """M3 and M4, the latter its best, of each sex."""
    assert [recipe.name for recipe in paper("googlenet")] == [
        f"googlenet-{model}-{sex}-paper" for model in ("m3", "m4") for sex in ("female", "male")
    ]
    for recipe in paper("googlenet"):
        assert (recipe.optimizer.batch, recipe.epochs, recipe.stages[0].size) == (96, 100, (224, 224))


def test_ren_s_settings() -> None:
    """Section II.C."""
    (recipe,) = of("inception-v3")
    loss, first = task_of(recipe).loss, task_of(first_of(recipe)).loss
    for one in (recipe, first_of(recipe), *paper("inception-v3")):
        change, network = changes_of(one), task_of(one).network
        assert (change.degrees, change.mirror, change.gain) == ((-20, 20), 0.5, (0.8, 1.2))
        assert (change.width, change.height, change.shift_x, change.shift_y) == (*[(0.8, 1.2)] * 2, *[(-0.2, 0.2)] * 2)
        assert isinstance(network, RegressionCnn)
        assert (network.backbone, network.dense, network.initial_sigma) == ("inception_v3", (1024, 1024), 0.001)
        assert one.optimizer.algorithm == "adam"
    for one in (first_of(recipe), *paper("inception-v3")):
        assert one.optimizer.learning_rate == 0.01
    assert isinstance(first, Attention)
    assert isinstance(loss, Attention)
    assert first.first_k > first.last_k == loss.last_k == 1
    assert task_of(recipe).films.months[1] == 217.0  # older than 18 years are left out


def test_the_study_s_settings() -> None:
    for recipe in (*of("resnet50-gelu"), *of("inception-v4-gelu"), *paper("resnet50-gelu"), *paper("inception-v4-gelu")):
        change, network = changes_of(recipe), task_of(recipe).network
        assert (change.mirror, change.upside_down, change.degrees) == (0.5, 0.5, (0, 0))
        assert isinstance(task_of(recipe).loss, Msle)
        assert task_of(recipe).keep == "best"  # in place of early stopping
        assert recipe.optimizer.algorithm == "adam"
        assert not isinstance(network, ResNet50) or network.dense == (256, 128, 64, 32)
    sizes = {recipe.name: (recipe.epochs, recipe.stages[0].size) for recipe in (*paper("resnet50"), *paper("inception-v4"))}
    assert sizes == {"resnet50-gelu-paper": (120, (256, 256)), "inception-v4-gelu-paper": (100, (256, 256))}


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
