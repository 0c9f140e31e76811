"""Occlusion maps: strong where a network looks and nowhere else, on the film's own pixels, the same batched and one by one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from boneage.errors import BoneAgeError, Kind
from boneage.explain.occlusion import Occlusion, occlude, read_correctly
from boneage.geometry import PixelMap
from boneage.networks import Batch
from boneage.systems import Answer, Member, SexUse, Views
from boneage.types import Crop, Sex

SIZE = (45, 27)
FINE = Occlusion(patch=1 / 5, stride=1 / 5)  # 5 x 3 patches of 9 pixels, side by side, their centers on pixels
PLACE = (slice(9, 18), slice(18, 27))  # the cell in row 1, column 2


class Fake:
    """A network of a rule, which remembers what it was given."""

    size = SIZE

    def __init__(self, rule: Callable[[Batch], Batch]) -> None:
        self.rule, self.seen, self.sexes = rule, list[Batch](), list[float]()

    def __call__(self, batch: Batch, **extra: Batch) -> tuple[Batch, ...]:
        self.seen.append(batch)
        self.sexes += extra["sex"][:, 0].tolist() if "sex" in extra else []
        return (self.rule(batch).astype(np.float32),)


def months_of_place(batch: Batch) -> Batch:
    """60 months, and 100 times the brightness of one place."""
    return 60 + 100 * batch[:, 0, *PLACE].mean((1, 2))[:, None]


def year_of_place(batch: Batch) -> Batch:
    """14 classes: the brighter one place, the surer of 9 years, else 5."""
    sure = 0.5 + 0.4 * batch[:, 0, *PLACE].mean((1, 2))
    answers = np.zeros((len(batch), 14))
    answers[:, 4], answers[:, 0] = sure, 1 - sure
    return answers


def crop(to_source: PixelMap = PixelMap.identity(), *, level: float | None = 0.5) -> Crop:  # noqa: B008
    pixels = np.random.default_rng(0).random(SIZE, np.float32) if level is None else np.full(SIZE, level, np.float32)
    return Crop("a", pixels, to_source)


MONTHS = Member("a", ("a",), answer=Answer.MONTHS, sex=SexUse.NONE)
YEARS = Member("a", ("a",), answer=Answer.YEAR_CLASSES, sex=SexUse.FEMALE)


def test_the_map_is_the_change_of_the_answer_where_the_network_looks_and_nothing_elsewhere() -> None:
    found = occlude(MONTHS, [crop()], None, Fake(months_of_place), options=FINE)
    assert found is not None
    cells = found.values[4::9, 4::9]
    assert cells[1, 2] == pytest.approx(-50, abs=1e-3)
    assert np.abs(np.delete(cells.ravel(), 5)).max() < 1e-3
    assert (found.unit, found.networks, found.strongest) == ("months", ("a",), pytest.approx(50, abs=1e-3))


def test_year_classes_give_the_change_of_the_answered_class_s_probability() -> None:
    found = occlude(YEARS, [crop(level=1.0)], Sex.FEMALE, Fake(year_of_place), options=FINE)
    assert found is not None
    assert found.values[13, 22] == pytest.approx(-0.4, abs=1e-6)
    assert found.unit == "probability"
    assert "class 9 " in found.legend


def test_the_map_lies_where_the_network_looked_on_a_mirrored_and_enlarged_film() -> None:
    film = (90, 54)
    to_source = PixelMap.mirror(film[1]) @ PixelMap.resize(SIZE, film)
    found = occlude(MONTHS, [crop(to_source)], None, Fake(months_of_place), options=FINE)
    assert found is not None
    on_film = np.abs(found.to_source.image(found.values, film))
    y, x = np.unravel_index(on_film.argmax(), film)
    assert 18 <= y < 36
    assert x < 18  # column 2 of 3, mirrored


def test_a_crop_of_another_size_than_the_network_s_is_placed_as_well() -> None:
    small = PixelMap.resize(SIZE, (90, 54)).image(crop(level=0.5).pixels, (90, 54))
    found = occlude(MONTHS, [Crop("a", small, PixelMap.identity())], None, Fake(months_of_place), options=FINE)
    assert found is not None
    np.testing.assert_allclose(found.to_source.points((22.0, 13.0)), (44.5, 26.5))


def test_batched_is_one_by_one() -> None:
    rng = np.random.default_rng(1)
    weights = rng.normal(size=(SIZE[0] * SIZE[1], 1)) / 10
    rule = lambda batch: 100 + batch.reshape(len(batch), -1) @ weights  # noqa: E731
    options, film = Occlusion(patch=0.3, stride=1 / 15), crop(level=None)  # 135 positions, several batches
    found = occlude(MONTHS, [film], None, Fake(rule), options=options)
    assert found is not None
    whole = rule(film.pixels[None])[0, 0]
    for k, (rows, columns) in enumerate(options.windows(SIZE)):
        covered = film.pixels.copy()
        covered[rows, columns] = options.fill
        y, x = 3 * (k // 9) + 1, 3 * (k % 9) + 1
        assert found.values[y, x] == pytest.approx(rule(covered[None])[0, 0] - whole, abs=2e-3)


def test_where_the_patch_changes_nothing_the_network_is_not_asked() -> None:
    dark = np.zeros(SIZE, np.float32)
    dark[PLACE] = 0.7
    network = Fake(months_of_place)
    found = occlude(MONTHS, [Crop("a", dark, PixelMap.identity())], None, network, options=FINE)
    assert found is not None
    assert sum(map(len, network.seen)) == 2  # the whole film, and the one place
    assert found.values[13, 22] == pytest.approx(-70, abs=1e-3)


def test_only_what_was_read_correctly_is_mapped() -> None:
    network = Fake(year_of_place)  # answers 9 years
    for truth, right in ((108.0, True), (119.9, True), (120.0, False), (107.9, False)):
        assert (occlude(YEARS, [crop()], Sex.FEMALE, network, true_months=truth, options=FINE) is not None) == right
    network = Fake(months_of_place)  # answers 110 months
    for truth, right in ((98.0, True), (122.0, True), (122.5, False)):
        assert (occlude(MONTHS, [crop()], None, network, true_months=truth, options=FINE) is not None) == right


@pytest.mark.parametrize(
    ("years", "truth", "right"), [(18, 240.0, True), (18, 216.0, True), (18, 215.0, False), (5, 59.0, False)]
)
def test_eighteen_and_over_is_eighteen_and_under_five_is_none(years: int, truth: float, right: bool) -> None:
    answer = np.zeros(14, np.float32)
    answer[years - 5] = 1
    assert read_correctly(Answer.YEAR_CLASSES, answer, truth) is right


def test_the_sex_and_the_mirrored_view_reach_the_network() -> None:
    member = Member("a", ("a",), Views.WITH_MIRROR, Answer.MONTHS, SexUse.JOINED)
    network = Fake(months_of_place)
    found = occlude(member, [crop()], Sex.MALE, network, options=FINE)
    assert found is not None
    assert network.sexes == [1.0] * 2 * 16
    cells = found.values[4::9, 4::9]
    assert cells[1, 0] == pytest.approx(-25, abs=1e-3)  # of two views, one looks here
    assert cells[1, 2] == pytest.approx(-25, abs=1e-3)


def test_all_channels_are_covered() -> None:
    network = Fake(lambda batch: 100 + batch.mean((1, 2, 3))[:, None])
    occlude(MONTHS, [crop(), crop()], None, network, options=FINE)
    covered = np.concatenate(network.seen[1:])
    assert covered.shape[1] == 2
    assert ((covered == 0).sum((2, 3)) == 81).all()


@pytest.mark.parametrize("size", [(256, 192), (224, 224), (17, 40), (3, 5)])
def test_the_patch_reaches_every_pixel(size: tuple[int, int]) -> None:
    options, reached = Occlusion(), np.zeros(size, bool)
    windows = list(options.windows(size))
    for window in windows:
        assert reached[window].size > 0
        reached[window] = True
    assert reached.all()
    assert len(windows) == np.prod(options.cells(size))


def test_air_is_not_asked() -> None:
    dim = np.full(SIZE, 0.05, np.float32)
    dim[PLACE] = 0.7
    network = Fake(months_of_place)
    found = occlude(MONTHS, [Crop("a", dim, PixelMap.identity())], None, network, options=replace(FINE, air=0.1))
    assert found is not None
    assert sum(map(len, network.seen)) == 2
    assert found.values[13, 22] == pytest.approx(-70, abs=1e-3)


def test_a_refined_map_asks_less_and_is_the_same_where_it_is_strong() -> None:
    """A smooth bump in the answer: what lies far from it is not asked."""
    y, x = np.mgrid[:45, :27]
    weights = np.exp(-((x - 18) ** 2 + (y - 12) ** 2) / 30.0)
    rule = lambda batch: 100 + (batch[:, 0] * weights).sum((1, 2))[:, None] / 10  # noqa: E731
    options = Occlusion(patch=1 / 5, stride=1 / 15)
    networks = Fake(rule), Fake(rule)
    whole = occlude(MONTHS, [crop()], None, networks[0], options=options)
    refined = occlude(MONTHS, [crop()], None, networks[1], options=replace(options, refine=0.15))
    assert whole is not None
    assert refined is not None
    asked = [sum(map(len, one.seen)) for one in networks]
    assert asked[0] == 1 + 135
    assert 1 + 68 < asked[1] < 0.8 * asked[0]
    assert refined.strongest == pytest.approx(whole.strongest)
    assert np.corrcoef(whole.values.ravel(), refined.values.ravel())[0, 1] > 0.99


def test_what_is_more_urgent_comes_between() -> None:
    called: list[int] = []
    network = Fake(months_of_place)
    occlude(MONTHS, [crop()], None, network, options=FINE, before=lambda: called.append(len(network.seen)))
    assert called == list(range(1, len(network.seen)))  # before each call but that of the film as it is


@pytest.mark.parametrize(
    "wrong", [{"air": -0.1}, {"refine": 1.5}, {"patch": 0.0}, {"stride": 0.0}, {"patch": 1.5}, {"fill": -0.1}]
)
def test_impossible_patches_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(BoneAgeError) as caught:
        Occlusion(**wrong)
    assert caught.value.kind is Kind.BAD_OPTION
