"""The manual's pages that are made from the code: commands, settings, the record's fields, the Python API."""

from __future__ import annotations

import ast
import json
import textwrap
from collections.abc import Iterator
from pathlib import Path

from ten_million import page

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "boneage"
API = "reference/api"
RECORD = SOURCE / "report" / "schema" / "record-1.json"
Definition = ast.ClassDef | ast.FunctionDef
FROM_THE_CODE = "*This page is made from the code by `make docs`.*"


def commands() -> str:
    """Every command and option, as typer's own help has them."""
    import typer
    from typer.cli import get_docs_for_click

    from boneage.cli import app

    command = typer.main.get_command(app)
    text = get_docs_for_click(obj=command, ctx=typer.Context(command, info_name="boneage"), name="boneage")
    body = text.split("\n", 1)[1]
    return f"# The command line\n\n{FROM_THE_CODE}\n{body}"


def settings() -> str:
    """The settings file with every key and its default. Needs pydantic."""
    from boneage.serve.example import example_settings

    return (
        f"# Every key of the settings file\n\n{FROM_THE_CODE} It is what `boneage serve --show-settings` prints. "
        f"What the keys are for: [settings](../../docs/settings.md).\n\n```toml\n{example_settings()}```\n"
    )


def record() -> str:
    """The fields of a line of `boneage assess --json`, out of its published schema."""
    schema = json.loads(RECORD.read_text(encoding="utf-8"))
    rows = [f"| `{name}` | {_cell(field.get('description', ''))} |" for name, field in schema["properties"].items()]
    table = "\n".join(["| field | meaning |", "|---|---|", *rows])
    return (
        f"# The record: a line of JSON\n\n{FROM_THE_CODE} Its source is the "
        f"[schema](../../src/boneage/report/schema/record-1.json).\n\n{schema['description']}\n\n{table}\n"
    )


def api() -> dict[str, str]:
    """A page for each part of the package, by its place in the manual, and one that lists them."""
    parts = sorted(path for path in SOURCE.iterdir() if _is_part(path))
    pages = {f"{API}/{part.stem}.md": _part(part) for part in parts}
    rows = [f"| [`boneage.{part.stem}`]({part.stem}.md) | {_first_line(_file(part))} |" for part in parts]
    public = ast.literal_eval(_all_of(_tree(SOURCE / "__init__.py")))
    head = (
        f"# Python API\n\n{FROM_THE_CODE}\n\nWhat a user needs is imported from `boneage` itself: "
        f"{', '.join(f'`{name}`' for name in public)}. All else is here for those who read or extend the code; "
        "it may change between versions.\n"
    )
    pages[f"{API}/index.md"] = "\n".join([head, "| part | what it is |", "|---|---|", *rows, ""])
    return pages


def generated() -> dict[str, str]:
    """All these pages by their place."""
    return {
        "reference/commands.md": commands(),
        "reference/settings-file.md": settings(),
        "reference/record.md": record(),
        "how-to/ten-million-films.md": page(),
    } | api()


def _is_part(path: Path) -> bool:
    return (path / "__init__.py").is_file() or (path.suffix == ".py" and not path.name.startswith("__"))


def _part(path: Path) -> str:
    files = [path] if path.is_file() else sorted(path.rglob("*.py"))
    return f"# boneage.{path.stem}\n\n" + "\n".join(text for file in files if (text := _module(file, alone=path.is_file())))


def _module(file: Path, *, alone: bool) -> str:
    """A module's docstring and its public classes and functions; empty where there is neither."""
    tree, source = _tree(file), file.read_text(encoding="utf-8")
    name = ".".join(file.relative_to(SOURCE.parent).with_suffix("").parts).removesuffix(".__init__")
    what = _prose(ast.get_docstring(tree) or "")
    entries = [_entry(node, source) for node in tree.body if isinstance(node, Definition) and not node.name.startswith("_")]
    if not what and not entries:
        return ""
    return "\n".join([*([] if alone else [f"## {name}\n"]), what, "", *entries])


def _entry(node: Definition, source: str) -> str:
    """One class or function: its signature and fields as they are written, comments with them, and its docstring."""
    lines = [f"### {node.name}\n", "```py", *_signature(node, source), "```\n", _prose(ast.get_docstring(node) or ""), ""]
    if isinstance(node, ast.ClassDef):
        for method in node.body:
            if isinstance(method, ast.FunctionDef) and not method.name.startswith("_") and ast.get_docstring(method):
                lines += [f"**`{method.name}`**: {_prose(ast.get_docstring(method) or '')}", ""]
    return "\n".join(lines)


def _signature(node: Definition, source: str) -> Iterator[str]:
    lines = source.splitlines()
    first = node.body[0]
    ends = first.lineno - 1 if first.lineno > node.lineno else node.lineno  # a body may stand on the same line
    yield from (f"@{ast.unparse(one)}" for one in node.decorator_list)
    yield from textwrap.dedent("\n".join(lines[node.lineno - 1 : ends])).splitlines()
    if isinstance(node, ast.ClassDef):
        for field in node.body:
            if isinstance(field, ast.AnnAssign | ast.Assign):
                yield from lines[field.lineno - 1 : field.end_lineno]


def _prose(docstring: str) -> str:
    """A docstring as Markdown: blocks that are indented stay as they are, angle brackets are no HTML."""
    parts = docstring.split("\n\n")
    return "\n\n".join(part if part.startswith("    ") else part.replace("<", "&lt;").replace("*", "\\*") for part in parts)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _file(part: Path) -> Path:
    return part / "__init__.py" if part.is_dir() else part


def _first_line(file: Path) -> str:
    return _cell((ast.get_docstring(_tree(file)) or "").split("\n")[0])


def _tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def _all_of(tree: ast.Module) -> ast.expr:
    assigned = [node for node in tree.body if isinstance(node, ast.Assign)]
    return next(node.value for node in assigned if ast.unparse(node.targets[0]) == "__all__")
