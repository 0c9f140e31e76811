"""The README tells the truth about the tree and the commands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "boneage"
README = (ROOT / "README.md").read_text()
TREE = README.split("src/boneage/\n")[-1].split("```")[0]


def test_the_tree_names_every_file_and_no_other() -> None:
    named, folder = set(), Path()
    for line in TREE.splitlines():
        name, indent = line.split()[0], len(line) - len(line.lstrip())
        if indent == 4:
            folder = Path(name) if name.endswith("/") else Path()
        if name.endswith(".py"):
            named.add((folder if indent == 8 else Path()) / name)
    real = {path.relative_to(SOURCE) for path in SOURCE.rglob("*.py") if path.name != "__init__.py"}
    assert named == real


def test_every_command_in_the_readme_exists() -> None:
    from boneage.cli import app

    known = {command.callback.__name__ for command in app.registered_commands if command.callback}
    used = set(re.findall(r"^    boneage (\w+)", README, re.MULTILINE))
    assert used
    assert used <= known


def test_the_python_example_runs(girl: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from boneage.phantom import Phantom, write_dicom

    assert isinstance(girl, Phantom)
    write_dicom(girl, tmp_path / "hand.dcm")
    monkeypatch.chdir(tmp_path)
    code = README.split("```python\n")[1].split("```")[0]
    exec(compile(code, "README.md", "exec"), {})


def test_no_placeholder_is_left() -> None:
    assert "@@" not in README
    assert "@@" not in (ROOT / "MODEL_CARD.md").read_text()
