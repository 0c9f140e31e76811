"""`boneage compare` as a user meets it: what it needs, what it leaves, and the exit code."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from boneage.compare_command import SOME_NOT_MEASURED, choose, compare
from boneage.dataset import LABELS, Part
from boneage.errors import BoneAgeError
from boneage.evaluate.papers import PAPERS, is_of
from boneage.evaluate.predictions import Prediction, write_predictions
from boneage.evaluate.run import weights_hash
from boneage.phantom import Phantom, write_png
from boneage.systems import REFERENCE, SYSTEMS
from boneage.types import Sex

pytest.importorskip("scipy", reason="needs the train extra")
pytest.importorskip("matplotlib", reason="needs the train extra")
pytest.importorskip("onnx", reason="needs the train extra")
app = typer.Typer()
app.command()(compare)


def write(out: Path, name: str, *, error: float = 5.0, part: Part = Part.TEST) -> None:
    films = [Prediction(n, (Sex.MALE, Sex.FEMALE)[n % 2], part, 20.0 + 4 * n, 20.0 + 4 * n, 3, 0, 240) for n in range(50)]
    rows = [replace(row, predicted_months=row.truth_months + error * (-1) ** (row.id // 2)) for row in films]
    write_predictions(out / "predictions" / f"{name}-{part.value}.csv", rows, system=name, weights="w", split_hash="0123")


@pytest.fixture(autouse=True)
def labels_alone(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The comparison needs the labels, not the films."""
    folder = tmp_path_factory.mktemp("data")
    rows = [f"{number},{20 + 4 * number},{number % 2 == 0}" for number in range(50)]
    (folder / LABELS).write_text("id,boneage,male\n" + "\n".join(rows) + "\n")
    monkeypatch.setenv("BONEAGE_DATA", str(folder))


def call(*words: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, list(map(str, words)))
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


def test_all_systems_stand_in_the_table_measured_or_not(tmp_path: Path) -> None:
    write(tmp_path, REFERENCE.name)
    code, text = call("--out", tmp_path)
    assert code == SOME_NOT_MEASURED
    for name in {*PAPERS, *SYSTEMS} - {REFERENCE.name}:
        dated = [registered for registered in SYSTEMS if is_of(registered, name)]
        for one in dated or [name]:
            assert f"boneage evaluate {one} --data DIR --split test" in text
    assert {path.name for path in tmp_path.iterdir()} == {"predictions", "compare.csv", "compare-bands.csv", "compare.svg"}


def test_the_code_is_0_only_if_every_system_was_measured(tmp_path: Path) -> None:
    for number, name in enumerate(choose((), tmp_path, Part.TEST)):
        write(tmp_path, name, error=5.0 + number)
    code, text = call("--out", tmp_path)
    assert code == 0
    assert "not measured" not in text


def test_systems_are_chosen_and_the_reference_is_always_there(tmp_path: Path) -> None:
    write(tmp_path, REFERENCE.name)
    write(tmp_path, "lee-2017", error=8)
    write(tmp_path, "my-own", error=9)
    code, text = call("--out", tmp_path, "--system", "lee-2017", "--system", "my-own")
    assert code == 0
    assert "ren-2018" not in text
    assert text.index(REFERENCE.name) < text.index("lee-2017") < text.index("my-own")
    assert "+3.00" in text
    assert "+4.00" in text


def test_the_select_part_has_its_own_files(tmp_path: Path) -> None:
    write(tmp_path, REFERENCE.name, part=Part.SELECT)
    code, _ = call("--out", tmp_path, "--split", "select")
    assert code == SOME_NOT_MEASURED
    assert (tmp_path / "compare-select.csv").is_file()
    assert (tmp_path / "compare-select-bands.csv").is_file()
    assert not (tmp_path / "compare.csv").exists()


@pytest.mark.parametrize(
    ("words", "match"),
    [
        (["--split", "train"], "test or select"),
        (["--split", "all"], "--split"),
        (["--system", "lee-2018"], "no system 'lee-2018'"),
        ([], "no predictions of the part test"),
        (["--time", "absent.png"], "absent"),
    ],
)
def test_a_wrong_call_says_what_is_right_and_leaves_nothing(words: list[str], match: str, tmp_path: Path) -> None:
    with pytest.raises(BoneAgeError, match=match):
        call("--out", tmp_path, *words)
    assert not list(tmp_path.glob("compare*"))


def test_without_labels_it_says_how_to_give_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    write(tmp_path, REFERENCE.name)
    with monkeypatch.context() as patch:
        patch.delenv("BONEAGE_DATA")
        patch.chdir(tmp_path)
        with pytest.raises(BoneAgeError, match="--data DIR or BONEAGE_DATA"):
            call("--out", tmp_path)
    other = tmp_path_factory.mktemp("other")
    (other / LABELS).write_text("id,boneage,male\n7,90,True\n")
    with pytest.raises(BoneAgeError, match="not in the labels"):
        call("--out", tmp_path, "--data", other)


def test_times_are_kept_for_later_tables(tmp_path: Path, girl: Phantom) -> None:
    write(tmp_path, REFERENCE.name)
    film = write_png(girl, tmp_path / "girl.png")
    code, _ = call("--out", tmp_path, "--system", REFERENCE.name, "--time", film, "--sex", "female")
    assert code == 0
    kept = (tmp_path / "compare-time.csv").read_text()
    assert str(film) not in kept
    assert REFERENCE.name in kept
    _, text = call("--out", tmp_path, "--system", REFERENCE.name)
    assert "1.0" in text.split("The networks")[1]


def test_comparing_is_no_new_look_at_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def log_look(*args: object, **options: object) -> None:
        raise AssertionError("what was predicted is only read")

    monkeypatch.setattr("boneage.evaluate.looks.log_look", log_look)
    write(tmp_path, REFERENCE.name)
    call("--out", tmp_path)


def test_predictions_of_other_weights_are_told(tmp_path: Path) -> None:
    write(tmp_path, REFERENCE.name)
    write(tmp_path, "my-own")
    _, text = call("--out", tmp_path, "--system", "my-own")
    assert f"made with other weights than those here: {REFERENCE.name}" in text
    assert "those here: my-own" not in text
    path = tmp_path / "predictions" / f"{REFERENCE.name}-test.csv"
    path.write_text(path.read_text().replace(",w,", f",{weights_hash(REFERENCE)},"))
    _, text = call("--out", tmp_path, "--system", "my-own")
    assert "other weights" not in text


def test_a_dated_system_stands_for_the_published_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    kept = {name: system for name, system in SYSTEMS.items() if not is_of(name, "lee-2017")}
    monkeypatch.setattr("boneage.compare_command.SYSTEMS", {**kept, "lee-2017-2027-01": REFERENCE})
    names = choose((), tmp_path, Part.TEST)
    assert names[0] == REFERENCE.name
    assert "lee-2017-2027-01" in names
    assert "lee-2017" not in names
    assert len(names) == len(set(names))
