"""The method's figure in one screen: read -> standardize, register, regions (prepare) -> vote -> combine."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2

from boneage.combine.estimate import calibration_file, estimate, load_calibration
from boneage.engines import MEASURED, engine_asked
from boneage.errors import BoneAgeError, Kind
from boneage.networks import WHERE, load_network, trained_in_turn, weights_path
from boneage.prepare import prepare
from boneage.read import read
from boneage.read.folder import Found
from boneage.standardize import standardize
from boneage.systems import HAND_FINDER, REFERENCE, System
from boneage.types import Assessment, Flag, Prepared, Radiograph, Sex, SexSource
from boneage.vote import vote

BOTH = (Sex.FEMALE, Sex.MALE)
# ours to mend, but the rest of a batch must go on
OURS = (cv2.error, ArithmeticError, AttributeError, LookupError, MemoryError, RuntimeError, TypeError, ValueError)
SexChoice = Sex | tuple[Sex, Sex] | None


@dataclass(frozen=True)
class Failure:
    """A file that gave no bone age, and why."""

    error: BoneAgeError
    seconds: float


def assess(source: Path | str | bytes | Radiograph, system: System = REFERENCE, *, sex: SexChoice = None) -> Assessment:
    """A file to a bone age with its interval.

    `sex` wins over the file's header; BOTH asks for the two estimates. Raises BoneAgeError where the file
    cannot be read, shows no single hand, or nothing says the sex.
    """
    began = time.perf_counter()
    radiograph = source if isinstance(source, Radiograph) else read(source)  # any file -> float32 [H, W], bone bright
    sexes, sex_source, sex_flags = settle_sex(radiograph, sex, system)
    prepared = perceive(radiograph, system)  # standardize, register, regions: what the networks get to see
    votes = [vote(system.members, prepared.crops, one, load=load_network) for one in sexes]
    calibration = load_calibration(system.calibration)
    estimates = tuple(
        estimate(cast, one, calibration, youngest=system.youngest_months) for cast, one in zip(votes, sexes, strict=True)
    )
    return Assessment(
        radiograph=radiograph,
        prepared=prepared,
        estimates=estimates,
        sex_source=sex_source,
        system=system.name,
        weights=system.weights,
        flags=radiograph.flags | sex_flags | prepared.flags | engine_flags(),
        seconds=time.perf_counter() - began,
    )


def engine_flags() -> frozenset[Flag]:
    """A flag where the networks are not computed as they were measured."""
    return frozenset() if engine_asked() is MEASURED else frozenset({Flag.OTHER_ENGINE})


def perceive(radiograph: Radiograph, system: System) -> Prepared:
    """What the networks get to see of a film, and how it was come by. Raises BoneAgeError where there is no single hand.

    Not in the papers: a published system whose way looks for no hand's points refuses what is not one hand, as all do here.
    """
    prepared = prepare(radiograph, system.way, load=load_network)
    if prepared.hand is None:
        hand = standardize(radiograph, load_network(HAND_FINDER))
        prepared = replace(prepared, hand=hand, flags=prepared.flags | (hand.flags & {Flag.HAND_UNCERTAIN}))
    return prepared


def absent_weights(system: System) -> tuple[str, ...]:
    """Those of the system's networks that are neither in the package nor in the source tree."""
    return tuple(name for name in system.weights if weights_path(f"{name}.onnx") is None)


def need_weights(system: System) -> None:
    """Before the first film, not on each. Raises BoneAgeError that names all that is not here and the command line to make it."""
    calibrated = weights_path(calibration_file(system.calibration)) is not None
    need_networks(system, *(() if calibrated else (f"boneage calibrate {system.name} --data DIR",)))
    load_calibration(system.calibration)


def need_networks(system: System, *then: str) -> None:
    """As `need_weights`, without the calibration; `then`: commands at the end of the line that makes the networks."""
    if not (absent := absent_weights(system)):
        return
    to_train = dict.fromkeys(recipe for name in absent for recipe in trained_in_turn(name))
    large = {member.network for member in system.members} if system is not REFERENCE else set()  # kept in 8 bits
    exports = [f"boneage export recipes/{name}.toml{' --eight-bit' * (name in large)} --data DIR" for name in absent]
    raise BoneAgeError(
        Kind.BAD_WEIGHTS,
        came=f"no weights of {', '.join(absent)}",
        expected=f"all networks of {system.name} {WHERE}",
        todo="Run in the source tree, or make them: "
        + " && ".join((f"boneage train {' '.join(f'recipes/{name}.toml' for name in to_train)} --data DIR", *exports, *then)),
    )


def assess_many(
    found: Iterable[Found], system: System = REFERENCE, *, sex: SexChoice = None
) -> Iterator[tuple[str, Assessment | Failure]]:
    """Every file by name, in order; one that cannot be read is a Failure and the rest goes on."""
    for file in found:
        yield file.name, attempt(file.source, system, sex=sex)


def attempt(source: Callable[[], Path | bytes], system: System = REFERENCE, *, sex: SexChoice = None) -> Assessment | Failure:
    """A film's answer, or why there is none. `source` gives the film, or raises BoneAgeError."""
    began = time.perf_counter()
    try:
        return assess(source(), system, sex=sex)
    except BoneAgeError as error:
        return Failure(error, time.perf_counter() - began)
    except OURS as error:
        return Failure(_internal(error), time.perf_counter() - began)


def _internal(error: Exception) -> BoneAgeError:
    """Only the type is told: the text may carry what stands in the file."""
    return BoneAgeError(
        Kind.INTERNAL,
        came=f"an internal {type(error).__name__} on this film",
        expected="an answer or a plain refusal",
        todo="Please report it, with a film like this one that may be shared.",
    )


def settle_sex(
    radiograph: Radiograph, sex: SexChoice, system: System = REFERENCE
) -> tuple[tuple[Sex | None, ...], SexSource, frozenset[Flag]]:
    """Whose estimate is asked for, who said so, and a flag where option and header differ. Never a guess.

    A system that takes no sex does not ask for one: it gives one estimate of no sex.
    """
    if sex is not None and not isinstance(sex, Sex) and sex != BOTH:
        raise BoneAgeError(
            Kind.BAD_OPTION, came=f"sex={sex!r}", expected="Sex.FEMALE, Sex.MALE, BOTH or None", todo="Import Sex from boneage."
        )
    if not system.takes_sex:
        return (None,), SexSource.UNUSED, frozenset()
    if isinstance(sex, tuple):
        return sex, SexSource.BOTH, frozenset()
    if sex is not None:
        differs = radiograph.sex is not None and radiograph.sex is not sex
        return (sex,), SexSource.OPTION, frozenset({Flag.SEX_OVERRIDDEN} if differs else ())
    if radiograph.sex is not None:
        return (radiograph.sex,), SexSource.HEADER, frozenset()
    raise BoneAgeError(
        Kind.SEX_UNKNOWN,
        came="a film that does not say the child's sex",
        expected="sex from the DICOM header or from the caller",
        todo="Give --sex female or --sex male, or --sex both for the two estimates side by side.",
    )
