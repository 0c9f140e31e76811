"""The rounds: each reaches further, a kill at any point loses nothing, a review is waited for, small gains end it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from boneage.dataset import Part, part_of
from boneage.errors import BoneAgeError
from boneage.standardize.segment import iou
from boneage.train.mine import disk
from boneage.train.mine.decide import By, Verdict
from boneage.train.mine.disk import read_mask, read_table
from boneage.train.mine.folder import MineFolder
from boneage.train.mine.points import Films
from boneage.train.mine.rounds import mine, undecided
from boneage.train.mine.score import score
from boneage.train.mine.settings import Easy, Settings, read_settings, write_settings
from boneage.train.mine.start import start
from boneage.train.mine.take_in import take_in
from boneage.train.mine.worst import find_worst, finish, write_worst_sheet


def silent(text: str) -> None:
    pass


def begin(here: MineFolder, hands: dict[int, Any], films: list[int]) -> None:
    """Round 0 with the true masks of these films."""
    first = here.round(0)
    for film in films:
        hand = hands[film]
        first.add_mask(film, hand.mask, score(hand.film, hand.mask, hand.known, probability=None, before=None))
        first.decide(film, Verdict.KEEP, By.RULE)
    here.summarize(first)


def contents(here: MineFolder) -> dict[str, Any]:
    """What the rounds came to: everything but the time of a decision and the order of the lines."""
    kept = {}
    for path in sorted(here.path.glob("round-*/*.csv")) + sorted(here.path.glob("round-*/summary.toml")):
        lines = path.read_text().splitlines()
        kept[str(path.relative_to(here.path))] = sorted(line.split(",2026-")[0].split(",20")[0] for line in lines)
    for path in sorted([*here.path.glob("round-*/masks/*.png"), *here.path.glob("accepted/*.png")]):
        kept[str(path.relative_to(here.path))] = path.read_bytes()
    return kept


def test_each_round_reaches_further_until_one_adds_nothing(
    here: MineFolder, films: Films, hands: Any, ids: list[int], threshold: Callable[..., Any]
) -> None:
    begin(here, hands, ids[:3])
    network = threshold()
    outcome = mine(here, films, network, rounds=6, unattended=True, tell=silent)
    kept = [summary.kept for summary in outcome.summaries]
    assert kept == [3, 6, 9, 9]
    assert [summary.gain_percent for summary in outcome.summaries] == [0, 100, 50, 0]
    assert outcome.to_review == 0
    assert all(trained == sorted(here.accepted(number - 1)) for number, trained in network.trained_on.items())
    for film, file in here.accepted(len(kept) - 1).items():
        assert iou(read_mask(file), hands[film].mask) > 0.9
    assert {path.stem for path in here.accepted_copy.glob("*.png")} == {str(film) for film in ids}
    assert here.sheets.joinpath("round-01-kept.png").is_file()


def test_predictions_are_of_the_training_part_alone(
    here: MineFolder, films: Films, hands: Any, ids: list[int], threshold: Callable[..., Any]
) -> None:
    begin(here, hands, ids[:3])
    network = threshold()
    mine(here, films, network, rounds=2, unattended=True, tell=silent)
    assert set(network.predicted) == set(ids)
    assert all(part_of(film) is Part.TRAIN for film in network.predicted)
    held_out = next(film for film in range(1377, 1500) if part_of(film) is not Part.TRAIN)
    with pytest.raises(BoneAgeError, match="held-out"):
        list(films.iterate({held_out}))


@pytest.mark.parametrize("films_before", [0, 4, 13])
def test_a_killed_prediction_goes_on(
    tmp_path: Path, here: MineFolder, films: Films, hands: Any, ids: list[int], threshold: Callable[..., Any], films_before: int
) -> None:
    begin(here, hands, ids[:3])
    with pytest.raises(KeyboardInterrupt):
        mine(here, films, network := threshold(stop_after=films_before), rounds=2, unattended=True, tell=silent)
    network.stop_after = 10**9
    mine(here, films, network, rounds=2, unattended=True, tell=silent)
    again = MineFolder(tmp_path / "again")
    write_settings(again.settings_file, Settings())
    begin(again, hands, ids[:3])
    whole = threshold()
    mine(again, Films(films.data, here.points_file), whole, rounds=2, unattended=True, tell=silent)
    assert contents(here) == contents(again)
    assert 0 <= len(network.predicted) - len(whole.predicted) <= 3, "none twice, but those that hold the size"


def test_a_kill_at_any_write_loses_nothing(
    here: MineFolder,
    films: Films,
    hands: Any,
    ids: list[int],
    threshold: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every write of a whole run is killed once, before it or in the middle of it; the same command goes on each time."""
    begin(here, hands, ids[:3])
    real_append, real_write = disk.append, disk.write_beside
    writes, killed = [0], [0]

    def torn_append(path: Path, header: Any, row: Any) -> None:
        _maybe_kill(lambda: path.write_text(path.read_text() + "1378,0.9,") if path.is_file() else None)
        real_append(path, header, row)

    def torn_write(path: Path, content: bytes) -> None:
        _maybe_kill(lambda: path.with_name(f".{path.name}.0").write_bytes(content[:10]) if path.parent.is_dir() else None)
        real_write(path, content)

    def _maybe_kill(leave: Callable[[], Any]) -> None:
        writes[0] += 1
        if writes[0] == killed[0] + 2:  # one write succeeds, the next is killed
            writes[0], killed[0] = 0, killed[0] + 1
            leave()
            raise KeyboardInterrupt

    for module in ("folder", "rounds", "decide", "disk", "points"):
        for name, torn in (("append", torn_append), ("write_beside", torn_write)):
            if hasattr(__import__(f"boneage.train.mine.{module}", fromlist=["x"]), name):
                monkeypatch.setattr(f"boneage.train.mine.{module}.{name}", torn)
    network = threshold()
    for _ in range(400):
        try:
            outcome = mine(here, films, network, rounds=1, unattended=True, tell=silent)
            break
        except KeyboardInterrupt:
            continue
    monkeypatch.undo()
    assert killed[0] > 3
    assert outcome.summaries[1].predicted == len(ids)
    assert set(here.round(1).scores()) == set(here.round(1).decisions()) == set(ids)
    assert all(here.round(1).mask(film) is not None for film in ids)


def test_a_killed_training_is_called_again_with_the_same_masks(
    here: MineFolder, films: Films, hands: Any, ids: list[int], threshold: Callable[..., Any]
) -> None:
    begin(here, hands, ids[:3])
    network = threshold(kill_training=True)
    with pytest.raises(KeyboardInterrupt):
        mine(here, films, network, rounds=1, unattended=True, tell=silent)
    here.round(0).decide(ids[0], Verdict.DISCARD, By.PAGE)  # too late for this round
    network.kill_training = False
    mine(here, films, network, rounds=1, unattended=True, tell=silent)
    assert network.trained_on[1] == sorted(ids[:3])


def test_an_attended_round_waits_for_its_review(
    here: MineFolder, films: Films, hands: Any, ids: list[int], threshold: Callable[..., Any]
) -> None:
    begin(here, hands, ids[:3])
    network = threshold()
    outcome = mine(here, films, network, rounds=6, unattended=False, tell=silent)
    assert outcome.to_review == len(ids)
    assert here.round(1).summary() is None
    for film in ids[:-1]:
        here.round(1).decide(film, Verdict.KEEP if film in ids[:4] else Verdict.DISCARD, By.PAGE)
    assert mine(here, films, network, rounds=6, unattended=False, tell=silent).to_review == 1
    here.round(1).decide(ids[-1], Verdict.LATER, By.PAGE)
    outcome = mine(here, films, network, rounds=6, unattended=False, tell=silent)
    assert [(summary.kept, summary.later) for summary in outcome.summaries] == [(3, 0), (4, 1)]
    assert outcome.to_review == len(ids), "round 2 waits"
    assert network.trained_on[2] == sorted(ids[:4])


def test_the_rule_leaves_a_persons_decisions_alone(
    here: MineFolder, films: Films, hands: Any, ids: list[int], threshold: Callable[..., Any]
) -> None:
    begin(here, hands, ids[:3])
    network = threshold()
    mine(here, films, network, rounds=1, unattended=False, tell=silent)
    here.round(1).decide(ids[3], Verdict.LATER, By.PAGE)
    mine(here, films, network, rounds=1, unattended=True, tell=silent)
    decisions = here.round(1).decisions()
    assert decisions[ids[3]].verdict is Verdict.LATER
    assert {decisions[film].by for film in ids if film != ids[3]} == {By.RULE}
    assert not undecided(here.round(1))


def test_settings_are_frozen_once_begun(here: MineFolder, hands: Any, ids: list[int]) -> None:
    assert read_settings(here.settings_file) == Settings()
    begin(here, hands, ids[:3])
    write_settings(here.settings_file, Settings(rounds=9))
    with pytest.raises(BoneAgeError, match="changed after the first round"):
        _ = MineFolder(here.path).settings


@pytest.mark.parametrize("change", ["rounds = 6\n", "nonsense = 1\n[easy]\n", "]"])
def test_settings_with_other_keys_are_refused(here: MineFolder, change: str) -> None:
    text = here.settings_file.read_text()
    here.settings_file.write_text(text.replace("rounds = 6\n", "") if change == "rounds = 6\n" else change + text)
    with pytest.raises(BoneAgeError):
        _ = here.settings


def test_first_masks_of_drawn_hands(films_folder: Path, here: MineFolder, hands: Any, ids: list[int]) -> None:
    """Killed in the middle, gone on with, and the same in the end."""
    settings = Settings(easy=Easy(films=6))
    write_settings(here.settings_file, settings)
    told: list[str] = []

    def tell(text: str) -> None:
        told.append(text)

    summary = start(here.path, films_folder, settings=settings, tell=tell)
    assert summary.predicted == 6
    assert summary.kept >= 4
    for film, file in here.accepted(0).items():
        assert iou(read_mask(file), hands[film].mask) > 0.93
    assert start(here.path, films_folder, tell=tell) == summary
    assert here.sheets.joinpath("round-00-random.png").is_file()


def test_without_masks_there_is_nothing_to_train_on(
    here: MineFolder, films: Films, hands: Any, threshold: Callable[..., Any]
) -> None:
    with pytest.raises(BoneAgeError, match="mine start"):
        mine(here, films, threshold(), rounds=1, unattended=True, tell=silent)
    begin(here, hands, [])
    with pytest.raises(BoneAgeError, match="mine import"):
        mine(here, films, threshold(), rounds=1, unattended=True, tell=silent)


def test_the_worst_are_listed_corrected_and_trained_on(
    tmp_path: Path, here: MineFolder, films: Films, hands: Any, ids: list[int], threshold: Callable[..., Any]
) -> None:
    write_settings(here.settings_file, replace(Settings(), worst=4))
    begin(here, hands, ids[:3])
    network = threshold()
    mine(here, films, network, rounds=1, unattended=True, tell=silent)
    listed = find_worst(here)
    assert [worst.rank for worst in listed] == [1, 2, 3, 4]
    assert [worst.badness for worst in listed] == sorted((worst.badness for worst in listed), reverse=True)
    assert {worst.film for worst in listed[:3]} == set(ids[6:]), "the darkest hands are not reached in one round"
    assert all(worst.reason for worst in listed)
    assert [int(row["id"]) for row in read_table(here.worst_file)] == [worst.film for worst in listed]
    write_worst_sheet(here, films, listed)
    assert here.sheets.joinpath("worst.png").is_file()

    cv2.imwrite(str(tmp_path / f"{listed[0].film}.png"), hands[listed[0].film].mask.astype(np.uint8) * 255)
    take_in(here, [tmp_path / f"{listed[0].film}.png"], data=films.data, size=None, tell=silent)
    assert listed[0].film not in {worst.film for worst in find_worst(here)}
    done = finish(here, films, network, silent)
    assert done == {"masks": len(here.accepted(1)), "corrected": 1}
    assert network.trained_on[2] == sorted(here.accepted(1))
    assert listed[0].film in network.trained_on[2]
    network.trained_on.clear()
    assert finish(here, films, network, silent) == done
    assert not network.trained_on, "done once"


def test_a_mask_that_a_person_discarded_is_the_worst(
    here: MineFolder, films: Films, hands: Any, ids: list[int], threshold: Callable[..., Any]
) -> None:
    begin(here, hands, ids[:3])
    mine(here, films, network := threshold(), rounds=1, unattended=False, tell=silent)
    here.round(1).decide(ids[1], Verdict.DISCARD, By.PAGE)
    mine(here, films, network, rounds=1, unattended=True, tell=silent)
    worst = find_worst(here)[0]
    assert worst.film == ids[1]
    assert "by eye" in worst.reason
