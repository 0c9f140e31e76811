"""Figure 10: what falls where is laid where it belongs, parts among the bones, and is told by stage."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from shelves import shelf_in

from boneage import dataset
from boneage.dataset import Film, Part, part_of
from boneage.errors import BoneAgeError, Kind
from boneage.evaluate.average_hands import FEWEST
from boneage.evaluate.hand_regions import CARPAL, FRAME, PHALANGES, RADIUS_ULNA, REGIONS, area_shares, hand_mask, region_masks
from boneage.explain.heat import HeatMap
from boneage.geometry import PixelMap
from boneage.papers.attention import PARTS, Cell, densities
from boneage.papers.lee import attention as lee_attention
from boneage.papers.lee.attention import (
    FILE,
    FilmAttention,
    choose,
    draw_attention,
    film_map,
    laid,
    measure_attention,
    parted,
    read_attention,
    write_attention,
)
from boneage.papers.lee.findings import attention
from boneage.papers.lee.page import figure_10
from boneage.papers.page import How, Verdict
from boneage.papers.shelf import Shelf
from boneage.papers.stages import MAJOR, STAGES
from boneage.phantom import draw
from boneage.pipeline import absent_weights
from boneage.systems import LEE
from boneage.types import YEARS, Radiograph, Sex


def film(number: int, months: float = 100.0, sex: Sex = Sex.FEMALE) -> Film:
    return Film(number, sex, months)


def test_what_rises_counts_as_nothing() -> None:
    changes = np.zeros(FRAME.size, np.float32)
    changes[40:60, 40:60], changes[90:110, 40:60] = -0.5, 0.5
    falls = laid(changes, PixelMap.identity())
    assert falls[50, 50] == pytest.approx(0.5)
    assert falls[100, 50] == 0


def test_shares_add_up_and_follow_the_bones() -> None:
    for region, mask in region_masks(FRAME).items():
        row = parted(film(1), (np.zeros(FRAME.size, np.float32), np.where(mask, 0.3, 0.0)))
        assert sum(row.shares) == pytest.approx(1)
        assert row.shares[REGIONS.index(region)] == pytest.approx(1)
        assert row.drop == pytest.approx(0.3)
        assert densities([row], region)[0] == pytest.approx(1 / area_shares()[region])


def test_a_map_without_a_fall_is_even() -> None:
    row = parted(film(1), (np.zeros(FRAME.size, np.float32), np.zeros(FRAME.size)))
    assert row.shares == pytest.approx(tuple(area_shares().values()))
    assert not parted(film(1), None).correct


def test_written_and_read_again_without_labels(tmp_path: Path) -> None:
    rows = [FilmAttention(film(7, 150), 0.25, (0.1, 0.2, 0.3, 0.4)), FilmAttention(film(3))]
    path, films = write_attention(tmp_path, rows, "weights"), dataset.by_id(row.film for row in rows)
    assert not {"sex", "truth_months", "stage"} & set(path.read_text().splitlines()[0].split(","))
    found = read_attention(tmp_path, films)
    assert [row.film.id for row in found] == [3, 7]
    assert found[1] == rows[0]
    assert (found[1].stage, found[1].correct, found[0].correct) == ("early and mid puberty", True, False)
    with pytest.raises(BoneAgeError, match="film 7, which is not in the labels"):
        read_attention(tmp_path, {3: rows[1].film})
    (tmp_path / FILE).write_text("id,part\n1,select\n")
    with pytest.raises(BoneAgeError, match=FILE):
        read_attention(tmp_path, films)


def test_neither_train_nor_test_films_nor_those_under_5_years_are_chosen() -> None:
    films = [film(number, 20 + number % 210, Sex.MALE if number % 2 else Sex.FEMALE) for number in range(2000)]
    chosen = choose(films, 10)
    assert {part_of(one.id) for one in chosen} == set(PARTS)
    assert Part.TEST not in PARTS
    assert Part.TRAIN not in PARTS
    assert min(one.bone_age_months for one in chosen) >= 60
    bands = [(sex, STAGES[sex][stage]) for sex in Sex for stage in MAJOR]
    counts = [sum(one.sex is sex and one.bone_age_months in band for one in chosen) for sex, band in bands]
    assert max(counts) == 10


def test_a_planted_fall_lies_where_the_hand_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """The phantom's capitate lies in the frame's carpals, whatever the film."""
    if set(absent_weights(LEE)) & set(LEE.way.networks):
        pytest.skip("weights-lab/ is not here: run in the source tree")
    phantom = draw(120, Sex.FEMALE, seed=6, size=(600, 450))
    x, y = np.rint(phantom.capitate).astype(int)
    changes = np.zeros(phantom.pixels.shape, np.float32)
    changes[y - 15 : y + 16, x - 15 : x + 16] = -1
    planted = HeatMap("occlusion", changes, PixelMap.identity(), "", "probability", ("made up",))
    monkeypatch.setattr(lee_attention, "load_network", lambda name: None)
    monkeypatch.setattr(lee_attention, "occlude", lambda *_, true_months: planted if true_months == 120 else None)
    radiograph = Radiograph(phantom.pixels, "phantom")
    assert film_map(radiograph, film(1, 130)) is None  # read wrongly
    found = film_map(radiograph, film(1, 120))
    assert found is not None
    row = parted(film(1, 120), found)
    assert row.shares[REGIONS.index(CARPAL)] > 0.9
    assert found[0].shape == FRAME.size


class Brightness:
    """Sure of 10 years as far as its film is bright."""

    size = (64, 64)

    def __call__(self, batch: np.ndarray, **_: np.ndarray) -> tuple[np.ndarray, ...]:
        sure = 0.5 + batch.mean((1, 2, 3)) / 2
        answers = np.repeat(((1 - sure) / (len(YEARS) - 1))[:, None], len(YEARS), axis=1)
        answers[:, YEARS.index(10)] = sure
        return (answers.astype(np.float32),)


def test_a_network_that_looks_at_brightness_looks_at_the_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """The way prepares a black film with the hand alone."""
    if set(absent_weights(LEE)) & set(LEE.way.networks):
        pytest.skip("weights-lab/ is not here: run in the source tree")
    phantom = draw(120, Sex.FEMALE, seed=6, size=(600, 450))
    monkeypatch.setattr(lee_attention, "load_network", lambda name: Brightness())
    found = film_map(Radiograph(phantom.pixels, "phantom"), film(1, 125))
    assert found is not None
    hand, falls = found
    assert falls.max() > 0
    assert falls[hand_mask()].mean() > 2 * falls[~hand_mask()].mean()
    assert hand.shape == falls.shape == FRAME.size


def test_every_film_is_counted_and_the_refused_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    films = [film(number, 100) for number in range(1000, 2500) if part_of(number) in PARTS][:32]
    refused, wrong = films[3], films[5]

    def answer(_: object, one: Film) -> tuple[np.ndarray, np.ndarray] | None:
        if one is refused:
            raise BoneAgeError(Kind.NO_HAND, came="", expected="", todo="")
        return None if one is wrong else (np.full(FRAME.size, 0.5, np.float32), np.ones(FRAME.size))

    monkeypatch.setattr(lee_attention, "need_networks", lambda system: None)
    monkeypatch.setattr(lee_attention, "weights_hash", lambda system, calibrated: "hash")
    monkeypatch.setattr(lee_attention, "read", lambda file: file)
    monkeypatch.setattr(lee_attention, "film_map", answer)
    monkeypatch.setattr(dataset, "read_films", lambda data: films)
    monkeypatch.setattr(dataset, "iterate_files", lambda data, ids: ((one.id, b"") for one in films if one.id in ids))
    told: list[str] = []
    averages = measure_attention(tmp_path, tmp_path, tell=told.append)
    (girls,) = (one for one in averages.values() if one.films)
    assert girls.films == len(films) - 2
    assert girls.hand is not None
    assert girls.hand == pytest.approx(0.5)
    rows = read_attention(tmp_path, dataset.by_id(films))
    assert {row.film.id for row in rows} == {one.id for one in films} - {refused.id}
    assert [row.film.id for row in rows if not row.correct] == [wrong.id]
    assert told == [f"30 of 31 films read correctly; refused: {{'{Kind.NO_HAND.value}': 1}}"]


# ---- the page
@pytest.fixture
def measured(tmp_path: Path) -> Callable[[dict[str, str]], Shelf]:
    """Thirty films a stage and sex, most attention in the region that is named for the stage."""

    def write(most: dict[str, str]) -> Shelf:
        rows, random, number = list[FilmAttention](), np.random.default_rng(0), 0
        for sex in Sex:
            for stage in MAJOR:
                for _ in range(30):
                    shares = np.array([area_shares()[region] * (4 if most[stage] == region else 1) for region in REGIONS])
                    shares = shares * random.uniform(0.8, 1.2, len(REGIONS))
                    rows.append(FilmAttention(film(number, STAGES[sex][stage].high - 1, sex), 0.5, tuple(shares / shares.sum())))
                    number += 1
        write_attention(tmp_path, rows, "weights")
        return shelf_in(tmp_path, films=[row.film for row in rows])

    return write


def test_the_paper_s_order_is_confirmed_and_another_is_not(measured: Callable[[dict[str, str]], Shelf], tmp_path: Path) -> None:
    assert attention(shelf_in(tmp_path / "empty")).verdict is Verdict.OPEN
    papers = dict(zip(MAJOR, (CARPAL, PHALANGES, PHALANGES, RADIUS_ULNA), strict=True))
    assert attention(measured(papers)).verdict is Verdict.CONFIRMED
    assert attention(measured(dict.fromkeys(MAJOR, CARPAL))).verdict is Verdict.NOT_CONFIRMED


def test_figure_10_stands_by_sex_and_stage(measured: Callable[[dict[str, str]], Shelf], tmp_path: Path) -> None:
    assert figure_10(shelf_in(tmp_path / "empty"), tmp_path).how is How.NOT_RUN
    made = figure_10(measured(dict.fromkeys(MAJOR, CARPAL)), tmp_path)
    assert made.how is How.STAND_IN
    assert made.body.count("\n| ") == 1 + 2 * len(MAJOR)
    assert "| 30 | 30 |" in made.body


def test_few_films_make_no_picture(tmp_path: Path) -> None:
    shown, few = Cell(FEWEST, np.full(FRAME.size, 0.5), hand_mask().astype(np.float64)), Cell(FEWEST - 1)
    draw_attention(tmp_path / "a.png", {(sex, stage): shown for sex in Sex for stage in MAJOR} | {(Sex.MALE, MAJOR[0]): few})
    assert (tmp_path / "a.png").is_file()
