"""Laws of the anatomy: what appears, grows and fuses with bone age."""

import pytest

from boneage.phantom import timing
from boneage.phantom.hand import Hand, Pose, Shape, grow
from boneage.phantom.template import CARPALS, TUBULAR
from boneage.types import Sex

AGES = (1, 6, 12, 24, 36, 48, 60, 72, 96, 120, 144, 168, 192, 228)
SEXES = tuple(Sex)


def hand(months: float, sex: Sex) -> Hand:
    return grow(months, sex, shape=Shape(), pose=Pose())


def names(months: float, sex: Sex) -> set[str]:
    return {bone.name for bone in hand(months, sex).bones}


def carpals(months: float, sex: Sex) -> int:
    return len(names(months, sex) & set(CARPALS))


@pytest.mark.parametrize("sex", SEXES)
def test_carpals_appear_one_after_another_until_all_eight(sex: Sex) -> None:
    counts = [carpals(months, sex) for months in AGES]
    assert counts == sorted(counts)
    assert counts[0] == 0
    assert counts[2] == 2
    assert counts[-1] == 8
    assert len(set(counts)) >= 5


@pytest.mark.parametrize("sex", SEXES)
def test_plates_are_closed_at_228_months_and_open_at_120(sex: Sex) -> None:
    assert not any("epiphysis" in name for name in names(228, sex))
    assert sum("epiphysis" in name for name in names(120, sex)) == len(TUBULAR) + 2
    assert all(timing.fusion(name, 228, sex) >= 1 for name in (*TUBULAR, "radius", "ulna"))


@pytest.mark.parametrize("months", [24, 60, 100, 140, 180])
def test_girls_are_ahead_of_boys(months: float) -> None:
    girl, boy = names(months, Sex.FEMALE), names(months, Sex.MALE)
    assert len(girl & set(CARPALS)) >= len(boy & set(CARPALS))
    for name in (*TUBULAR, "radius", "ulna"):
        assert timing.fusion(name, months, Sex.FEMALE) >= timing.fusion(name, months, Sex.MALE)
        assert (timing.growth(name, months, Sex.FEMALE) or 0) >= (timing.growth(name, months, Sex.MALE) or 0)


@pytest.mark.parametrize("sex", SEXES)
def test_the_hand_grows(sex: Sex) -> None:
    lengths = [float(grown.points[0, 1] - grown.points[12, 1]) for grown in (hand(months, sex) for months in AGES)]
    assert lengths == sorted(lengths)
    assert 45 < lengths[0] < 75
    assert lengths[-1] == pytest.approx(160 if sex is Sex.FEMALE else 175, rel=0.01)


@pytest.mark.parametrize("sex", SEXES)
def test_sesamoid_marks_puberty(sex: Sex) -> None:
    assert "sesamoid" not in names(120, sex)
    assert "sesamoid" in names(160, sex)


def test_fusion_only_ever_goes_on() -> None:
    for name in (*TUBULAR, "radius", "ulna"):
        steps = [timing.fusion(name, months, Sex.FEMALE) for months in range(0, 241, 3)]
        assert steps == sorted(steps)
        assert steps[0] == 0
        assert steps[-1] > 1
