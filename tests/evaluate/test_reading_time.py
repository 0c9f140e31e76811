"""Systems are timed in turns, each after a reading that does not count; no time is asserted."""

from __future__ import annotations

from pathlib import Path

import pytest

from boneage.errors import BoneAgeError, Kind
from boneage.evaluate import reading_time
from boneage.evaluate.reading_time import read_times, time_systems, write_times
from boneage.phantom import Phantom, write_png
from boneage.systems import REFERENCE, SYSTEMS, System
from boneage.types import Sex

OTHER = next(system for system in SYSTEMS.values() if system is not REFERENCE)


def test_a_real_reading_is_timed_and_kept(tmp_path: Path, girl: Phantom) -> None:
    film = write_png(girl, tmp_path / "girl.png")
    times, failed = time_systems(film, [REFERENCE], sex=Sex.FEMALE, turns=2)
    assert not failed
    one = times[REFERENCE.name]
    assert one.median_seconds > 0
    assert (one.turns, one.film_px) == (2, "1000 x 750")
    write_times(tmp_path / "times.csv", times, {"date": "2026-01-01"})
    assert read_times(tmp_path / "times.csv") == pytest.approx({REFERENCE.name: one.median_seconds}, rel=1e-3)
    assert read_times(tmp_path / "absent.csv") == {}


def test_turns_alternate_and_the_first_reading_of_each_does_not_count(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    order: list[str] = []
    clock = iter(range(100))

    class Answer:
        class radiograph:
            size = (4, 3)

    def assess(film: Path, system: System, *, sex: Sex | None) -> type[Answer]:
        order.append(system.name)
        return Answer

    monkeypatch.setattr(reading_time, "assess", assess)
    monkeypatch.setattr(reading_time, "perf_counter", lambda: next(clock))
    times, _ = time_systems(tmp_path / "film.png", [REFERENCE, OTHER], turns=3)
    assert order == [REFERENCE.name, REFERENCE.name, OTHER.name, OTHER.name] * 3
    assert [one.median_seconds for one in times.values()] == [1, 1]
    assert {one.turns for one in times.values()} == {3}


def test_a_system_that_refuses_has_no_time_and_a_reason(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, girl: Phantom) -> None:
    real = reading_time.assess

    def assess(film: Path, system: System, *, sex: Sex | None) -> object:
        if system is OTHER:
            raise BoneAgeError(Kind.NO_HAND, came="no hand", expected="a hand", todo="Look.")
        return real(film, system, sex=sex)

    monkeypatch.setattr(reading_time, "assess", assess)
    film = write_png(girl, tmp_path / "girl.png")
    times, failed = time_systems(film, [OTHER, REFERENCE], sex=Sex.FEMALE, turns=2)
    assert list(times) == [REFERENCE.name]
    assert failed[OTHER.name].kind is Kind.NO_HAND
