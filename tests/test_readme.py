"""The README tells the truth about the tree and the commands."""

from __future__ import annotations

import ast
import re
import runpy
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "boneage"
README = (ROOT / "README.md").read_text()
HEAD = "src/boneage/\n"  # the line above the source tree
NOT_PYTHON = {
    "atlas": "Average hands of each sex and plate age",
    "schema": "JSON Schemas of the record and of a reading",
    "sentences": "One catalog of sentences a language",
    "static": "Styles and scripts of the reading page",
    "templates": "The pages' templates",
    "weights": "The ONNX files, their cards and calibrations",
}
FIRST = ["types", "errors", "geometry", "dataset"]  # the rest of the top level in the method's order
LAST = ["cli", "__main__"]


def first_line(path: Path) -> str:
    """What a module or package says it is."""
    file = path / "__init__.py" if path.is_dir() else path
    return (ast.get_docstring(ast.parse(file.read_text())) or "").split("\n")[0].rstrip(".")


def tree(folder: Path, indent: int = 4) -> Iterator[str]:
    """A line per module and package, as deep as they go."""
    inside = [path for path in folder.iterdir() if path.suffix == ".py" or path.is_dir()]
    shown = [path for path in inside if path.name not in {"__init__.py", "__pycache__"}]
    for path in sorted(shown, key=lambda path: place(path) if folder == SOURCE else (0, path.name)):
        name = path.name + ("/" if path.is_dir() else "")
        what = NOT_PYTHON.get(path.name) or first_line(path)
        yield f"{' ' * indent}{name:22}{'' if len(name) < 22 else ' '}{what}"
        if path.is_dir() and path.name not in NOT_PYTHON:
            yield from tree(path, indent + 4)


def place(path: Path) -> tuple[int, str]:
    """The method's order, as test_architecture.py holds it."""
    order = runpy.run_path(str(Path(__file__).parent / "test_architecture.py"))["ORDER"]
    middle = [name for name in order if name not in {*FIRST, *LAST}]
    middle.insert(middle.index("prepare") + 1, "models")
    ranks = [*FIRST, *middle, "weights", *LAST]
    return ranks.index(path.stem) if path.stem in ranks else len(ranks), path.name


def test_the_tree_names_every_file_and_what_it_is() -> None:
    written = README.split(HEAD)[-1].split("```")[0].splitlines()
    assert written == list(tree(SOURCE)), "run: python tests/test_readme.py"


def test_every_command_in_the_readme_exists() -> None:
    from boneage.cli import app

    known = {command.callback.__name__ for command in app.registered_commands if command.callback}
    known |= {group.name for group in app.registered_groups if group.name}
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


if __name__ == "__main__":  # writes the tree anew
    before, after = README.split(HEAD)
    rest = after[after.index("```") :]
    (ROOT / "README.md").write_text(before + HEAD + "\n".join(tree(SOURCE)) + "\n" + rest)
