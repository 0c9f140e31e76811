"""`boneage papers`: four pages out of results and labels, and how to give the labels where they are not found."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from boneage.cli import app
from boneage.dataset import LABELS
from boneage.papers import drawing

pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("matplotlib", reason="needs the train extra")


def test_each_paper_has_its_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "weights_path", lambda name: None)  # pictures of phantoms take long
    rows = [f"{number},{20 + number % 200},{number % 2 == 0}" for number in range(1400, 1500)]
    (tmp_path / LABELS).write_text("\n".join(["id,boneage,male", *rows]) + "\n")
    out = tmp_path / "pages"
    done = CliRunner().invoke(app, ["papers", "--data", str(tmp_path), "--results", str(tmp_path), "--out", str(out)])
    assert done.exit_code == 0, done.output
    names = ["iglovikov-2018.md", "lee-2017.md", "ren-2018.md", "resnet50-inception-v4.md"]
    assert sorted(path.name for path in out.glob("*.md")) == names
    for name in names:
        assert str(tmp_path) not in (out / name).read_text()


def test_without_labels_it_says_how_to_give_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BONEAGE_DATA", raising=False)
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["papers", "--out", str(tmp_path / "pages")])
    assert done.exit_code == 2
    assert "BONEAGE_DATA" in done.output
    assert not list(tmp_path.rglob("*.md"))
