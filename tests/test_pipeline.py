"""The main job end to end on phantoms with the shipped weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from boneage import BOTH, REFERENCE, Assessment, BoneAgeError, Sex, assess, assess_many, pipeline
from boneage.combine.estimate import estimate, load_calibration
from boneage.errors import Kind
from boneage.networks import Batch, load_network
from boneage.phantom import Phantom, write_dicom, write_png
from boneage.pipeline import Failure, need_networks, need_weights, perceive, settle_sex
from boneage.prepare.squashed import SquashedFilm
from boneage.read.folder import Found
from boneage.systems import HAND_FINDER, IGLOVIKOV, LEE, REN, RESNET50, Answer, Member, SexUse, System
from boneage.types import YEARS, Flag, Radiograph, SexSource, Vote


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
    assert [one.sex for one in both.estimates] == [Sex.FEMALE, Sex.MALE]
    for one in both.estimates:
        assert one.bone_age_months == months(assess(film, sex=one.sex))
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


# ---- published systems, with stand-ins for their networks and the reference's interval
class Says:
    """A network that says the same of every film, and remembers what it was given."""

    size = (32, 24)

    def __init__(self, *values: float) -> None:
        self.values = np.array(values, np.float32)
        self.seen: list[tuple[Batch, dict[str, Batch]]] = []

    def __call__(self, batch: Batch, **extra: Batch) -> tuple[Batch, ...]:
        self.seen.append((batch, extra))
        return (np.tile(self.values, (len(batch), 1)),)


def published(answer: Answer, use: SexUse, *, youngest: float = 0.0) -> System:
    """A small one: the whole film, one network."""
    member = Member("stand-in", ("film",), answer=answer, sex=use)
    return System("small", "", SquashedFilm((64, 64)), (member,), REFERENCE.calibration, youngest_months=youngest)


def stand_in(monkeypatch: pytest.MonkeyPatch, network: Says) -> Says:
    """All networks but the hand finder are this one."""
    monkeypatch.setattr(pipeline, "load_network", lambda name: load_network(name) if name == HAND_FINDER else network)
    return network


@pytest.mark.parametrize("sex", [None, Sex.MALE, BOTH])
def test_a_sexless_system_asks_for_no_sex_and_gives_one_estimate(
    girl: Phantom, monkeypatch: pytest.MonkeyPatch, sex: Sex | tuple[Sex, Sex] | None
) -> None:
    network = stand_in(monkeypatch, Says(100.5))
    assessment = assess(Radiograph(girl.pixels, ""), published(Answer.MONTHS, SexUse.NONE), sex=sex)
    (one,) = assessment.estimates
    assert one.sex is None
    assert one.bone_age_months == pytest.approx(100.5)
    assert assessment.sex_source is SexSource.UNUSED
    assert Flag.SEX_OVERRIDDEN not in assessment.flags
    ((batch, extra),) = network.seen
    assert (batch.shape, extra) == ((1, 1, 32, 24), {})


def test_a_system_of_two_networks_gives_each_sex_its_own(girl: Phantom, monkeypatch: pytest.MonkeyPatch) -> None:
    girls, boys = (published(Answer.MONTHS, use) for use in (SexUse.FEMALE, SexUse.MALE))
    members = (replace(girls.members[0], network="girls"), replace(boys.members[0], network="boys"))
    by_name = {"girls": Says(90.0), "boys": Says(110.0)}
    monkeypatch.setattr(pipeline, "load_network", lambda name: by_name.get(name) or load_network(name))
    both = assess(Radiograph(girl.pixels, ""), replace(girls, members=members), sex=BOTH)
    assert [(one.sex, round(one.bone_age_months)) for one in both.estimates] == [(Sex.FEMALE, 90), (Sex.MALE, 110)]
    with pytest.raises(BoneAgeError, match="--sex both"):
        assess(Radiograph(girl.pixels, ""), replace(girls, members=members))


def years(**shares: float) -> list[float]:
    """Probabilities of the year classes: `y7=0.4`."""
    values = np.zeros(len(YEARS))
    for name, share in shares.items():
        values[YEARS.index(int(name[1:]))] = share
    return list(values)


@pytest.mark.parametrize(
    ("shares", "below"), [({"y5": 1.0}, True), ({"y5": 0.5, "y6": 0.3, "y7": 0.2}, True), ({"y5": 0.4, "y6": 0.6}, False)]
)
def test_below_the_range_is_said_where_the_youngest_class_dominates(
    girl: Phantom, monkeypatch: pytest.MonkeyPatch, shares: dict[str, float], below: bool
) -> None:
    stand_in(monkeypatch, Says(*years(**shares)))
    system = published(Answer.YEAR_CLASSES, SexUse.FEMALE, youngest=LEE.youngest_months)
    assessment = assess(Radiograph(girl.pixels, ""), system, sex=Sex.FEMALE)
    assert (Flag.BELOW_RANGE in assessment.estimates[0].flags) is below


def test_a_system_for_all_ages_knows_no_range() -> None:
    young = Vote.at("a", 30.0)
    calibration = load_calibration(REFERENCE.calibration)
    assert Flag.BELOW_RANGE not in estimate([young], None, calibration).flags
    assert Flag.BELOW_RANGE in estimate([young], None, calibration, youngest=60.0).flags


def test_a_single_number_is_never_said_to_be_unsure() -> None:
    """Its spread is only where it falls between two months; several that disagree are another thing."""
    calibration = replace(load_calibration(REFERENCE.calibration), wide_interval_months=0.0)
    assert Flag.WIDE_INTERVAL not in estimate([Vote.at("a", 100.5)], None, calibration).flags
    apart = [Vote.at("a", 100.5), Vote.at("b", 104.5)]
    assert Flag.WIDE_INTERVAL in estimate(apart, None, calibration).flags


def test_a_published_system_refuses_a_film_without_a_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    network = stand_in(monkeypatch, Says(100.0))
    noise = Radiograph(np.random.default_rng(0).random((600, 450), np.float32), "")
    with pytest.raises(BoneAgeError) as caught:
        assess(noise, replace(RESNET50, calibration=REFERENCE.calibration))
    assert caught.value.kind is Kind.NO_HAND
    assert network.seen == []


def test_a_way_that_looks_for_no_hand_still_has_one_to_show(girl: Phantom) -> None:
    found = perceive(Radiograph(girl.pixels, ""), RESNET50)
    assert found.hand is not None
    assert [crop.name for crop in found.crops] == ["film"]
    there = found.hand.to_source.points(found.hand.points)
    assert np.median(np.linalg.norm(there - girl.points, axis=1)) < 0.03 * girl.size[0]


def test_a_system_that_is_not_yet_trained_says_how_to_train_it(
    girl: Phantom, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)  # no weights-lab/ here
    with pytest.raises(BoneAgeError, match="boneage") as caught:
        assess(Radiograph(girl.pixels, ""), RESNET50)
    assert caught.value.kind is Kind.BAD_WEIGHTS


def test_all_that_a_system_lacks_is_told_at_once_with_one_line_that_makes_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)  # no weights-lab/ here
    absent = [name for name in IGLOVIKOV.weights if name != HAND_FINDER]
    recipes = [f"recipes/{name}.toml" for name in absent]
    with pytest.raises(BoneAgeError) as caught:
        need_weights(IGLOVIKOV)
    assert caught.value.kind is Kind.BAD_WEIGHTS
    assert all(name in caught.value.came for name in absent)
    assert HAND_FINDER not in str(caught.value)
    train, *exports, calibrate = caught.value.todo.split(": ", 1)[1].split(" && ")
    assert train == f"boneage train {' '.join(recipes)} --data DIR"
    large = {member.network for member in IGLOVIKOV.members}
    assert exports == [f"boneage export recipes/{name}.toml{' --eight-bit' * (name in large)} --data DIR" for name in absent]
    assert calibrate == "boneage calibrate iglovikov-2018 --data DIR"
    with pytest.raises(BoneAgeError) as caught:
        need_networks(IGLOVIKOV)
    assert "calibrate" not in str(caught.value)


def test_what_a_network_started_from_is_trained_before_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("boneage.networks.LAB_WEIGHTS", tmp_path)
    monkeypatch.setattr("boneage.networks.RECIPES", Path(__file__).parents[1] / "recipes")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BoneAgeError, match="inception-v3-s5-longer") as caught:
        need_networks(REN)
    train, *exports = caught.value.todo.split(": ", 1)[1].split(" && ")
    chain = [f"recipes/inception-v3-s5{more}-2026-11.toml" for more in ("", "-long", "-longer")]
    words = train.split()
    assert [word for word in words if "inception" in word] == chain
    assert [one for one in exports if "inception" in one] == [f"boneage export {chain[-1]} --eight-bit --data DIR"]
    with pytest.raises(BoneAgeError, match=" ".join(chain)):
        load_network("inception-v3-s5-longer-2026-11")


def test_a_system_that_lacks_only_its_calibration_is_told_that() -> None:
    uncalibrated = replace(REFERENCE, calibration="never-1999-01")
    need_networks(uncalibrated)
    with pytest.raises(BoneAgeError, match="boneage calibrate never-1999-01") as caught:
        need_weights(uncalibrated)
    assert "boneage train" not in str(caught.value)
