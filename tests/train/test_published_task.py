"""The published networks' task: the right films, what the runtime sees, a law of seed and epoch, resumed to the bit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from boneage import dataset
from boneage.dataset import Part
from boneage.errors import BoneAgeError, Kind
from boneage.networks import load_network
from boneage.prepare import prepare
from boneage.prepare.registered import RegisteredHand
from boneage.read import read
from boneage.systems import REFERENCE, SYSTEMS, member_of
from boneage.train import domain
from boneage.train.augment import Change
from boneage.train.loop import Machine, train
from boneage.train.published import Films
from boneage.train.published import PublishedTask as Settings
from boneage.train.published_task import PublishedTask, films_of
from boneage.train.recipe import Recipe, read_recipe
from boneage.train.run import run_folder, task_of
from boneage.types import Sex
from boneage.vote import channels

ROOT = Path(__file__).parents[2]
PLAIN = Machine(workers=0, bf16=False)
MEMBERS = [member for system in SYSTEMS.values() if system is not REFERENCE for member in system.members]
SMALL_VGG = {"kind": "vgg", "filters": (8,) * 6, "dense": (16, 16), "dropout": 0.5}


@pytest.fixture(autouse=True)
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty runs folder, in the source tree."""
    if not (ROOT / "weights-lab").is_dir():
        pytest.skip("weights-lab/ is not here: run in the source tree")
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("BONEAGE_RUNS", str(tmp_path / "runs"))


def small(name: str, *, keep: str = "best", **films: object) -> Recipe:
    """A recipe of the repository with a tiny network over squashed films, which need no network to prepare."""
    recipe = read_recipe(ROOT / "recipes" / f"{name}.toml")
    assert isinstance(recipe.task, Settings)
    values = recipe.task.model_dump() | {"network": SMALL_VGG, "keep": keep}
    values["films"] |= {"way": "squashed", "crops": ("film",), "cohort": "female"} | films
    optimizer = recipe.optimizer.model_copy(update={"batch": 3, "warmup_steps": 0, "learning_rate": 1e-3, "ema_decay": 0.5})
    stage = recipe.stages[0].model_copy(update={"epochs": 2, "size": (64, 64)})
    task = Settings.model_validate(values)
    return recipe.model_copy(update={"name": "small", "stages": (stage,), "optimizer": optimizer, "task": task})


def made(recipe: Recipe, data: Path) -> PublishedTask:
    task = task_of(recipe, data)
    assert isinstance(task, PublishedTask)
    return task


# ---- films
def test_it_trains_on_train_chooses_on_select_and_sees_no_other_film(small_data: Path) -> None:
    task = made(small("vgg-a-female-2026-11"), small_data)
    parts = {film.id: film.part for film in dataset.read_films(small_data)}
    assert set(parts.values()) == set(Part)  # so that the law can fail
    assert {film.part for film in task.train_films} == {Part.TRAIN}
    assert {film.part for film in task.select_films} == {Part.SELECT}
    assert {parts[film_id] for film_id in task.inputs.prepared.row_of} == {Part.TRAIN, Part.SELECT}
    seen = {float(month) for epoch in range(3) for batch in task.batches(epoch, 0) for month in batch["months"]}
    assert seen <= {film.bone_age_months for film in task.train_films}


def test_the_cohort_and_the_ages_are_the_recipe_s(small_data: Path) -> None:
    girls = made(small("vgg-a-female-2026-11"), small_data)
    both = made(small("vgg-a-female-2026-11", cohort="both", months=(100.0, 148.0)), small_data)
    boys = {film.id for film in dataset.read_films(small_data) if film.sex is Sex.MALE}
    assert {film.sex for film in girls.train_films} == {Sex.FEMALE}
    assert boys & {film.id for film in both.train_films}
    assert all(100 <= film.bone_age_months < 148 for film in both.train_films)


def test_a_refused_film_is_not_trained_on(small_data: Path) -> None:
    noise = max(film.id for film in dataset.read_films(small_data) if film.part is Part.TRAIN)
    squashed = made(small("vgg-a-female-2026-11"), small_data)
    registered = made(small("vgg-a-female-2026-11", way="iglovikov-2018", crops=("carpals",)), small_data)
    assert noise in {film.id for film in squashed.train_films}  # a way that looks for no hand
    assert {film.id for film in registered.train_films} == {film.id for film in squashed.train_films} - {noise}


# ---- what a network gets to see
@pytest.mark.parametrize("name", [member.network for member in MEMBERS])
def test_an_unchanged_film_is_what_the_runtime_s_vote_sees(small_data: Path, name: str) -> None:
    """Within 0.02. A registered region is cut from the kept frame, whose pixels lie between the runtime's: single pixels at a
    mask's hard edge differ by more there, the picture does not."""
    recipe = read_recipe(ROOT / "recipes" / f"{name}.toml")
    assert isinstance(recipe.task, Settings)
    system, member = member_of(name)
    task = made(recipe, small_data)
    film, size = task.train_films[0], recipe.stages[-1].size
    ((_, file),) = dataset.iterate_files(small_data, {film.id})
    crops = {crop.name: crop for crop in prepare(read(file), system.way, load=load_network).crops}
    runtime = channels([crops[crop] for crop in member.crops], size)
    lab = task.inputs.batch([film], [Change()], size)["image"][0].numpy()
    assert lab.shape == runtime.shape == (len(member.crops), *size)
    difference = np.abs(lab - runtime)
    assert difference.mean() < 0.001
    if isinstance(system.way, RegisteredHand):
        assert (difference > 0.02).mean() < 0.005
    else:
        assert difference.max() < 0.02
    assert all(channel.std() > 0.05 for channel in runtime)  # so that the law can fail
    assert np.abs(lab - np.roll(runtime, 1, -1)).mean() > 0.004


def test_all_crops_of_a_film_change_alike(small_data: Path) -> None:
    twice = small("inception-v3-s5-2026-11", way="ren-2018", crops=("coarse map", "coarse map"))
    task = made(twice, small_data)
    one, two = next(iter(task.batches(0, 0)))["image"][0]
    assert torch.equal(one, two)


def test_changes_reach_the_films(small_data: Path) -> None:
    task = made(small("resnet50-gelu-2026-11"), small_data)
    film = task.train_films[0]
    changes = [Change(), Change(mirror=True), Change(upside_down=True)]
    plain, mirrored, down = task.inputs.batch([film] * 3, changes, (64, 64))["image"]
    assert torch.allclose(mirrored, plain.flip(2), atol=0.02)
    assert torch.allclose(down, plain.flip(1), atol=0.02)
    assert not torch.allclose(mirrored, plain, atol=0.2)


def test_the_sex_of_a_batch_is_1_for_boys(small_data: Path) -> None:
    task = made(small("vgg-a-female-2026-11", cohort="both"), small_data)
    batch = task.inputs.batch(task.train_films, [Change()] * len(task.train_films), (64, 64))
    assert batch["sex"].shape == (len(task.train_films), 1)
    assert batch["sex"][:, 0].tolist() == [float(film.sex is Sex.MALE) for film in task.train_films]
    assert set(batch["sex"].unique().tolist()) == {0.0, 1.0}


# ---- batches
def test_batches_are_a_law_of_seed_and_epoch_and_not_of_the_workers(small_data: Path) -> None:
    task = made(small("vgg-a-female-2026-11"), small_data)
    one, two, other = (list(task.batches(epoch, workers)) for epoch, workers in ((0, 0), (0, 2), (1, 0)))
    assert len(one) == task.steps(0) == len(task.train_films) // 3
    assert all(torch.equal(a["image"], b["image"]) for a, b in zip(one, two, strict=True))
    assert not torch.equal(one[0]["image"], other[0]["image"])
    months = [float(month) for batch in one for month in batch["months"]]
    assert len(set(months)) == len(months)  # no film twice in an epoch
    assert [float(batch["done"]) for batch in (one[0], other[0])] == [0.0, 0.5]


# ---- training
class Killed(Exception):
    pass


def kill_after(epoch: int) -> Callable[[str], None]:
    def tell(line: str) -> None:
        if line.startswith(f"epoch {epoch}  "):
            raise Killed

    return tell


def weights(model: nn.Module) -> list[Tensor]:
    return list(model.state_dict().values())


@pytest.mark.parametrize("keep", ["best", "last"])
@pytest.mark.parametrize("name", ["vgg-a-female-2026-11", "googlenet-m3-female-2026-11"])
def test_a_killed_training_resumes_to_the_bit(
    small_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, keep: str
) -> None:
    recipe, models = small(name, keep=keep), []
    for place, dies in (("whole", False), ("killed", True)):
        monkeypatch.setenv("BONEAGE_RUNS", str(tmp_path / place))
        if dies:
            with pytest.raises(Killed):
                train(recipe, made(recipe, small_data), run_folder(recipe), machine=PLAIN, tell=kill_after(1))
            torch.rand(7)  # whatever happened in between
        models.append(train(recipe, made(recipe, small_data), run_folder(recipe), machine=PLAIN, tell=lambda line: None))
    for one, two in zip(*(weights(model) for model in models), strict=True):
        assert torch.equal(one, two)
    logs = [(tmp_path / place / "small" / "log.csv").read_text().splitlines() for place in ("whole", "killed")]
    assert [len(log) for log in logs] == [3, 3]
    columns = logs[0][0].split(",")
    assert "select_mae" in columns
    assert ("select_correct" in columns) is name.startswith("googlenet")
    assert ("select_highest" in columns) is name.startswith("vgg")
    assert ("best_epoch" in columns) is (keep == "best")


def test_the_best_epoch_s_weights_are_put_back_at_the_end(small_data: Path) -> None:
    recipe = small("vgg-a-female-2026-11")
    task = made(recipe, small_data)
    torch.manual_seed(0)
    first, second = task.build(resumed=False), task.build(resumed=False)
    before = [value.clone() for value in weights(first)]
    assert not all(torch.equal(a, b) for a, b in zip(before, weights(second), strict=True))
    assert task.best.see(first, 0, 10.0) == 1
    assert task.best.see(second, 1, 20.0) == 1  # the last epoch, and a worse one
    assert all(torch.equal(a, b) for a, b in zip(before, weights(second), strict=True))


def test_a_loss_that_is_not_finite_is_told(small_data: Path) -> None:
    task = made(small("vgg-a-female-2026-11"), small_data)
    model = task.build(resumed=False)
    for value in model.parameters():
        value.data.fill_(float("nan"))
    with pytest.raises(BoneAgeError, match="learning rate") as caught:
        task.loss(model, next(iter(task.batches(0, 0))))
    assert caught.value.kind is Kind.BAD_RECIPE


def test_the_score_is_the_mean_absolute_error_on_select(small_data: Path) -> None:
    task = made(small("resnet50-gelu-2026-11", keep="last"), small_data)

    class Says(nn.Module):
        """The recipe's center of log(1 + months), whatever comes."""

        def __init__(self) -> None:
            super().__init__()
            self.zero = nn.Parameter(torch.zeros(1))

        def forward(self, x: Tensor) -> Tensor:
            return self.zero.expand(len(x), 1)

    by_hand = np.mean([abs(film.bone_age_months - np.expm1(4.78)) for film in task.select_films])
    assert task.score(Says(), 0, 0) == {"select_mae": pytest.approx(by_hand)}


def test_the_highest_answer_of_month_classes_is_told(small_data: Path) -> None:
    task = made(small("vgg-a-female-2026-11", keep="last"), small_data)

    class NoneOver163(nn.Module):
        """One film of 163 months, the others of 28."""

        def __init__(self) -> None:
            super().__init__()
            self.zero = nn.Parameter(torch.zeros(1))

        def forward(self, x: Tensor) -> Tensor:
            outputs = torch.full((len(x), 240), -1e4)
            outputs[0, 163] = outputs[1:, 28] = 0.0
            return outputs + self.zero

    assert task.score(NoneOver163(), 0, 0)["select_highest"] == pytest.approx(163)


def test_imagenet_weights_are_only_for_networks_that_know_them(small_data: Path) -> None:
    recipe = small("vgg-a-female-2026-11").model_copy(update={"start": "imagenet"})
    with pytest.raises(BoneAgeError, match='start = "random"'):
        made(recipe, small_data).build(resumed=False)
    made(recipe, small_data).build(resumed=True)  # its weights come from the checkpoint


# ---- fewer films, one kind of films, another run's weights
def test_a_smaller_training_s_films_are_among_a_larger_one_s(small_data: Path) -> None:
    few, more, every = (made(small("vgg-a-female-2026-11", most=most), small_data) for most in (3, 5, None))
    assert [len(task.train_films) for task in (few, more)] == [3, 5]
    assert set(few.train_films) < set(more.train_films) < set(every.train_films)
    assert few.select_films == every.select_films


def test_the_two_kinds_of_films_share_none_and_leave_none(small_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stds = {film: float(read(file).pixels.std()) for film, file in dataset.iterate_files(small_data, ids_of(small_data))}
    monkeypatch.setattr(domain, "MEDIAN", float(np.median(list(stds.values()))))
    domain.domains.cache_clear()
    low, high, every = (
        set(films_of(task_films(kind), small_data)) for kind in ("low-contrast", "high-contrast", "all")
    )  # phantoms are of one contrast: the cut is moved into them
    domain.domains.cache_clear()
    assert low
    assert high
    assert not low & high
    assert low | high == every
    assert max(stds[film.id] for film in low) < min(stds[film.id] for film in high)


def test_a_run_may_start_from_another_s_weights(small_data: Path) -> None:
    first = small("vgg-a-female-2026-11").model_copy(update={"name": "first"})
    finished = train(first, made(first, small_data), run_folder(first), machine=PLAIN, tell=lambda line: None)
    second = small("vgg-a-female-2026-11").model_copy(update={"start": "recipe:first"})
    begun = made(second, small_data).build(resumed=False).state_dict()
    assert all(torch.equal(value, begun[name]) for name, value in finished.state_dict().items())


def test_a_start_that_is_not_there_or_of_another_shape_is_told(small_data: Path) -> None:
    absent = small("vgg-a-female-2026-11").model_copy(update={"start": "recipe:nowhere"})
    with pytest.raises(BoneAgeError, match="without a run"):
        made(absent, small_data).build(resumed=False)
    first = small("vgg-a-female-2026-11").model_copy(update={"name": "first"})
    train(first, made(first, small_data), run_folder(first), machine=PLAIN, tell=lambda line: None)
    other = small("vgg-a-female-2026-11", crops=("film", "film")).model_copy(update={"start": "recipe:first"})
    with pytest.raises(BoneAgeError, match="another shape"):
        made(other, small_data).build(resumed=False)
    longer = [stage.model_copy(update={"epochs": 3}) for stage in first.stages]
    unfinished = torch.load(run_folder(first) / "last.pt", weights_only=True)
    unfinished["recipe"] = first.model_copy(update={"stages": tuple(longer)}).model_dump_json()
    torch.save(unfinished, run_folder(first) / "last.pt")
    with pytest.raises(BoneAgeError, match="2 of 3 epochs"):
        made(small("vgg-a-female-2026-11").model_copy(update={"start": "recipe:first"}), small_data).build(resumed=False)


def task_films(kind: str) -> Films:
    recipe = small("vgg-a-female-2026-11", domain=kind)
    assert isinstance(recipe.task, Settings)
    return recipe.task.films


def ids_of(data: Path) -> set[int]:
    return {film.id for film in dataset.read_films(data)}
