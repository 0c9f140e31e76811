"""The main job end to end on phantoms with the shipped weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from boneage import BOTH, Assessment, BoneAgeError, Sex, assess, assess_many
from boneage.errors import Kind
from boneage.phantom import Phantom, write_dicom, write_png
from boneage.pipeline import Failure, settle_sex
from boneage.read.folder import Found
from boneage.types import Flag, Radiograph, SexSource


@pytest.fixture(scope="module")
def film(girl: Phantom, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dicom(girl, tmp_path_factory.mktemp("films") / "girl.dcm")


def months(assessment: Assessment) -> float:
    return assessment.estimates[0].bone_age_months


def test_a_dicom_film_gives_an_age_with_an_interval(film: Path) -> None:
    assessment = assess(film)
    (estimate,) = assessment.estimates
    low, high = estimate.interval_months
    assert 0 <= low < estimate.bone_age_months < high <= 240
    assert estimate.sex is Sex.FEMALE
    assert assessment.sex_source is SexSource.HEADER
    assert estimate.probabilities.sum() == pytest.approx(1)


def test_the_same_film_gives_the_same_answer_to_the_bit(film: Path) -> None:
    one, two = assess(film), assess(film)
    assert months(one) == months(two)
    assert np.array_equal(one.estimates[0].probabilities, two.estimates[0].probabilities)
    assert one.radiograph.sha256 == two.radiograph.sha256


def test_bytes_and_path_agree(film: Path) -> None:
    assert months(assess(film.read_bytes())) == months(assess(film))


def test_the_option_wins_over_the_header_and_is_flagged(film: Path) -> None:
    assessment = assess(film, sex=Sex.MALE)
    assert assessment.estimates[0].sex is Sex.MALE
    assert Flag.SEX_OVERRIDDEN in assessment.flags
    assert assessment.sex_source is SexSource.OPTION
    assert Flag.SEX_OVERRIDDEN not in assess(film, sex=Sex.FEMALE).flags


def test_both_sexes_are_each_one_s_own_answer(film: Path) -> None:
    both = assess(film, sex=BOTH)
    assert [estimate.sex for estimate in both.estimates] == [Sex.FEMALE, Sex.MALE]
    for estimate in both.estimates:
        assert estimate.bone_age_months == months(assess(film, sex=estimate.sex))
    assert both.sex_source is SexSource.BOTH


def test_an_unknown_sex_is_an_error_that_tells_how_to_give_it(girl: Phantom, tmp_path: Path) -> None:
    path = write_png(girl, tmp_path / "film.png")
    with pytest.raises(BoneAgeError, match="--sex both") as caught:
        assess(path)
    assert caught.value.kind is Kind.SEX_UNKNOWN


def test_a_mirrored_hand_gives_nearly_the_same_age(girl: Phantom) -> None:
    plain = assess(Radiograph(girl.pixels, ""), sex=Sex.FEMALE)
    mirrored = assess(Radiograph(np.ascontiguousarray(girl.pixels[:, ::-1]), ""), sex=Sex.FEMALE)
    assert Flag.MIRRORED in mirrored.flags
    assert abs(months(plain) - months(mirrored)) < 3


def test_an_inverted_film_gives_the_same_age(girl: Phantom) -> None:
    plain = assess(Radiograph(girl.pixels, ""), sex=Sex.FEMALE)
    dark = assess(Radiograph((1 - girl.pixels).astype(np.float32), ""), sex=Sex.FEMALE)
    assert abs(months(plain) - months(dark)) < 0.1


def test_a_monochrome1_twin_gives_the_same_age(girl: Phantom, tmp_path: Path) -> None:
    one = assess(write_dicom(girl, tmp_path / "one.dcm", monochrome1=True))
    two = assess(write_dicom(girl, tmp_path / "two.dcm"))
    assert abs(months(one) - months(two)) < 0.05


def test_one_bad_file_does_not_stop_the_rest(film: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.dcm"
    bad.write_text("not a film")
    outcomes = dict(assess_many([Found(bad), Found(film), Found(tmp_path / "absent.png")]))
    assert isinstance(outcomes[str(bad)], Failure)
    assert isinstance(outcomes[str(film)], Assessment)
    assert isinstance(outcomes[str(tmp_path / "absent.png")], Failure)


@pytest.mark.parametrize("sex", ["male", "banana", ["male"], ("male", "female"), (Sex.MALE,)])
def test_a_sex_that_is_none_is_refused_and_never_guessed(film: Path, sex: object) -> None:
    with pytest.raises(BoneAgeError, match=r"Sex\.MALE"):
        assess(film, sex=sex)  # type: ignore[arg-type]


def test_sex_is_never_guessed() -> None:
    film = Radiograph(np.zeros((64, 64), np.float32), "")
    with pytest.raises(BoneAgeError):
        settle_sex(film, None)
    assert settle_sex(replace(film, sex=Sex.MALE), None) == ((Sex.MALE,), SexSource.HEADER, frozenset())


def test_identity_is_not_in_a_repr(film: Path) -> None:
    radiograph = assess(film).radiograph
    assert radiograph.identity.patient_name
    assert radiograph.identity.patient_name not in repr(radiograph.identity)
    assert radiograph.identity.patient_id not in repr(radiograph)


def test_a_real_film_at_two_sizes_gives_nearly_the_same_age(data: Path) -> None:
    """The same film at full size and at 299 px: what the standard frame is for."""
    from boneage.dataset import iterate_files, part_of

    names = {1377, 1380, 1489, 1511, 1520, 14717, 14735, 14750}
    assert {part_of(name).value for name in names} - {"train"}  # some are held out
    small = dict(iterate_files(data, names))
    drifts = [
        abs(months(assess(data / "originals" / f"{name}.png", sex=Sex.MALE)) - months(assess(small[name], sex=Sex.MALE)))
        for name in sorted(names)
    ]
    assert np.median(drifts) < 1
    assert max(drifts) < 4
