"""`boneage export`: what is installed was measured, and what fails leaves what was there."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from boneage.dataset import LABELS, Part, part_of
from boneage.errors import BoneAgeError
from boneage.lab import export
from boneage.networks import load_network
from boneage.phantom import draw, write_png
from boneage.types import Sex

torch = pytest.importorskip("torch", reason="needs the train extra: make test EXTRAS=train")
pytest.importorskip("matplotlib", reason="needs the train extra")
ROOT = Path(__file__).parents[1]
LOG = "epoch,train_loss,train_mae,select_mae\n1,5,50,60\n2,4,40,50\n"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three select films."""
    folder = tmp_path_factory.mktemp("data")
    ids = [film_id for film_id in range(1377, 2000) if part_of(film_id) is Part.SELECT][:3]
    for k, film_id in enumerate(ids):
        write_png(draw(60 + 40 * k, Sex.FEMALE, seed=k, size=(500, 400)), folder / f"{film_id}.png")
    rows = [f"{film_id},{60 + 40 * k},False" for k, film_id in enumerate(ids)]
    (folder / LABELS).write_text("id,boneage,male\n" + "\n".join(rows) + "\n")
    return folder


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of a small network on the whole film; the working folder is a source tree without networks."""
    text = (ROOT / "recipes" / "vgg-a-female-2026-11.toml").read_text()
    for key, value in {
        "name": '"small"',
        "way": '"squashed"',
        "crops": '["film"]',
        "filters": "[8, 8]",
        "dense": "[16]",
        "size": "[32, 32]",
    }.items():
        text = re.sub(rf"^{key} = .*$", f"{key} = {value}", text, count=1, flags=re.MULTILINE)
    path = tmp_path / "small.toml"
    path.write_text(text)
    monkeypatch.chdir(tmp_path)
    return path


def train(recipe: Path, run: Path, *, seed: int) -> Path:
    """The folder of a finished run with random weights."""
    from boneage.train.forms import form_of
    from boneage.train.recipe import read_recipe

    torch.manual_seed(seed)
    run.mkdir(exist_ok=True)
    torch.save({"average": form_of(read_recipe(recipe)).model.state_dict()}, run / "last.pt")
    (run / "log.csv").write_text(LOG)
    return run


def installed() -> dict[str, bytes]:
    """Every file of the networks' and the results' folders, hidden ones too."""
    paths = [path for folder in ("weights-lab", "results") for path in Path(folder).rglob("*")]
    return {str(path): path.read_bytes() for path in paths if path.is_file()}


def test_what_is_installed_is_what_was_measured(recipe: Path, small: Path, tmp_path: Path) -> None:
    cards = []
    for seed in (1, 2):  # the second over the first
        export(recipe, small, run=train(recipe, tmp_path / "run", seed=seed))
        assert sorted(map(str, Path("weights-lab").iterdir())) == ["weights-lab/small.onnx", "weights-lab/small.toml"]
        cards.append(tomllib.loads(Path("weights-lab/small.toml").read_text()))
        assert load_network("small").card.values == cards[-1]
    first, second = (card["figures"] for card in cards)
    assert first["films"] == second["films"] == 3
    assert first["select_mae_months"] != second["select_mae_months"]
    assert sorted(path.name for path in Path("results").iterdir()) == ["small-learning.csv", "small-learning.svg"]
    assert Path("results/small-learning.csv").read_text() == LOG


@pytest.mark.parametrize("fails", ["measure", "stopped", "no log"])
def test_what_fails_leaves_the_network_that_was_there(
    recipe: Path, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    run = train(recipe, tmp_path / "run", seed=1)
    export(recipe, small, run=run)
    before = installed()
    train(recipe, run, seed=2)
    if fails == "no log":
        (run / "log.csv").unlink()
    elif fails == "measure":
        monkeypatch.setattr("boneage.train.measure.LARGEST_DISAGREEMENT", -1.0)
    else:
        monkeypatch.setattr("boneage.train.measure.disagreement", stopped)
    with pytest.raises((BoneAgeError, KeyboardInterrupt, FileNotFoundError)):
        export(recipe, small, run=run)
    assert installed() == before
    assert not list(Path().rglob(".export-*"))


def stopped(*_: object) -> float:
    raise KeyboardInterrupt
