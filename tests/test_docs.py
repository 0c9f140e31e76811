"""The manual tells the truth: its snippets run, its links lead somewhere, its commands, options, tests and figures exist."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import shutil
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from boneage.phantom import Phantom, write_dicom, write_png

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
if not (DOCS / "index.md").is_file():
    pytest.skip("docs/ is not here: run in the source tree", allow_module_level=True)
pytest.importorskip("pydantic", reason="needs pydantic: make test EXTRAS=docs")

import manual  # noqa: E402

OURS = [path for path in sorted(DOCS.rglob("*.md")) if "papers" not in path.parts]
SOURCES = [*OURS, *sorted((DOCS / "papers").glob("*.md")), *(ROOT / name for name in manual.OUTSIDE)]
WITH_SNIPPETS = [*OURS, ROOT / "README.md"]
FIGURES_IN = [
    path
    for path in OURS
    if path.parent.name in {"safety", "concepts", "how-to"} or path.stem in {"index", "get-started", "claim"}
]
BLOCK = re.compile(r"((?:^<!-- .*? -->\n)*)^```(console|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DECIMAL = re.compile(r"(?<![\d.])\d+\.\d+(?![\d.]|\w)")


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


# ---- snippets


@dataclass(frozen=True)
class Snippet:
    """A fenced block: Python runs always, a console where it is marked `<!-- runs -->`."""

    marks: str
    language: str
    text: str

    @property
    def runs(self) -> bool:
        return self.language == "python" or "<!-- runs -->" in self.marks

    @property
    def lacking(self) -> list[str]:
        """What `<!-- needs: ... -->` names and is not installed."""
        needs = re.search(r"<!-- needs: (.*?) -->", self.marks)
        return [module for module in (needs[1].split() if needs else ()) if importlib.util.find_spec(module) is None]


def snippets(path: Path) -> list[Snippet]:
    found = [Snippet(*match.groups()) for match in BLOCK.finditer(path.read_text(encoding="utf-8"))]
    return [snippet for snippet in found if snippet.runs]


@pytest.fixture(scope="session")
def films(girl: Phantom, boy: Phantom, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the pages' snippets read: a girl's DICOM film, a boy's scan without a sex, a folder of both, and what is no film."""
    folder = tmp_path_factory.mktemp("snippets")
    (folder / "films").mkdir()
    write_dicom(girl, folder / "hand.dcm", chronological_age_months=104)
    write_dicom(boy, folder / "films" / "boy.dcm")
    shutil.copyfile(folder / "hand.dcm", folder / "films" / "girl.dcm")
    write_png(boy, folder / "scan.png")
    (folder / "notes.png").write_text("no film")
    shutil.copytree(ROOT / "recipes", folder / "recipes")
    return folder


@pytest.mark.parametrize("page", [path for path in WITH_SNIPPETS if snippets(path)], ids=name)
def test_snippets_run(page: Path, films: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of one page in their order, in one folder and one namespace, as somebody does who follows it."""
    shutil.copytree(films, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    names = dict[str, Any]()
    lacking = set[str]()
    for number, snippet in enumerate(snippets(page), start=1):
        if snippet.lacking:
            lacking.update(snippet.lacking)
        elif snippet.language == "python":
            exec(compile(snippet.text, f"{name(page)}, snippet {number}", "exec"), names)
        else:
            for command, output in consoles(snippet.text):
                run(command, output)
    if lacking:
        pytest.skip(f"some snippets need {', '.join(sorted(lacking))}")


def consoles(text: str) -> Iterator[tuple[str, list[str]]]:
    """Each command with the lines that stand under it."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, *output = part.splitlines()
        yield command, output


def run(command: str, output: list[str]) -> None:
    """`boneage ... > FILE   # exit code N`; each line under it is found on stdout in its order, `...` being anything."""
    from typer.testing import CliRunner

    from boneage.cli import app

    asked, _, comment = command.partition("#")
    words = shlex.split(asked)
    kept = words.index(">") if ">" in words else len(words)
    assert words[0] == "boneage"
    done = CliRunner().invoke(app, words[1:kept])
    expected = int(comment.removeprefix(" exit code ")) if comment else 0
    assert done.exit_code == expected, f"{command}: {done.output}"
    if kept < len(words):
        Path(words[kept + 1]).write_text(done.stdout)
    said = iter(" ".join(line.split()) for line in done.stdout.splitlines())
    for line in output:
        pattern = "*" + re.sub(r" ?\.\.\. ?", "*", re.sub(r"([\[\]?*])", r"[\1]", " ".join(line.split()))) + "*"
        assert any(fnmatchcase(one, pattern) for one in said), f"{command} does not say {line!r}: {done.stdout}"


# ---- pages and links


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The manual's pages as they are built, by their place."""
    return manual.assemble(tmp_path_factory.mktemp("manual"))


def anchors(text: str) -> set[str]:
    """Of a page's headings, as the site and GitHub make them."""
    fences = [match.span() for match in manual.FENCE.finditer(text)]
    heads = [m for m in re.finditer(r"^#{1,6} (.+)$", text, re.MULTILINE) if not any(a <= m.start() < b for a, b in fences)]
    plain = [re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", match[1]).replace("`", "").replace("*", "") for match in heads]
    return {re.sub(r"[^\w\- ]", "", one.strip().lower()).replace(" ", "-") for one in plain}


def test_every_link_and_anchor_of_the_site_leads_somewhere(pages: dict[str, str]) -> None:
    lost = list[str]()
    for where, text in pages.items():
        for match in manual.links(text):
            parts = urlsplit(match[2])
            meant = os.path.normpath(os.path.join(os.path.dirname(where), unquote(parts.path))) if parts.path else where
            if parts.scheme or meant.startswith("files/") or Path(meant).suffix not in {".md", ""}:
                continue  # files were copied, or assembling had failed
            if meant not in pages or (parts.fragment and parts.fragment not in anchors(pages[meant])):
                lost.append(f"{where}: {match[2]}")
    assert not lost


def test_every_link_leads_somewhere_in_the_repository_too() -> None:
    lost = list[str]()
    for path in SOURCES:
        for match in manual.links(path.read_text(encoding="utf-8")):
            parts = urlsplit(match[2])
            if not parts.scheme and parts.path and not (path.parent / unquote(parts.path)).exists():
                lost.append(f"{name(path)}: {match[2]}")
    assert not lost


def test_a_link_to_nothing_is_no_site(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"absent\.csv"):
        manual._moved("[a](absent.csv)", Path("docs/a.md"), tmp_path)


def test_what_a_site_lacks_or_loads_from_elsewhere_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(
        '<h1 id="x"></h1><a href="b.html">1</a><a href="#x">2</a><a href="#y">3</a><script src="https://cdn.example/a.js"></script>'
    )
    assert manual.faults(tmp_path) == [
        "a.html loads https://cdn.example/a.js",
        "a.html: b.html leads nowhere",
        "a.html: #y has no such place",
    ]


def test_the_navigation_holds_every_page(pages: dict[str, str]) -> None:
    def places(entries: list[dict[str, Any]]) -> Iterator[str]:
        for entry in entries:
            for value in entry.values():
                yield from places(value) if isinstance(value, list) else [value]

    nav = list(places(tomllib.loads((ROOT / manual.CONFIG).read_text())["project"]["nav"]))
    assert len(nav) == len(set(nav))
    assert set(nav) == {page for page in pages if not page.startswith("reference/api/") or page.endswith("/index.md")}


def test_no_path_of_a_machine_is_told(pages: dict[str, str]) -> None:
    found = {where: hit[0] for where, text in pages.items() if (hit := re.search(r"/(work|tmp|root|home)/[\w.]+", text))}
    assert not found


# ---- what is told


def all_commands() -> dict[str, set[str]]:
    """Every subcommand, such as `users add`, and its options."""
    import typer

    from boneage.cli import app

    def walk(command: Any, prefix: str) -> Iterator[tuple[str, set[str]]]:
        yield prefix, {option for param in command.params for option in param.opts} | {"--help"}
        for word, sub in getattr(command, "commands", {}).items():
            yield from walk(sub, f"{prefix} {word}".strip())

    return dict(walk(typer.main.get_command(app), ""))


def test_every_command_and_option_is_on_the_command_line_page(pages: dict[str, str]) -> None:
    sections = dict(
        re.findall(r"^#+ `boneage ?([^`]*)`\n(.*?)(?=^#+ `|\Z)", pages["reference/commands.md"], re.MULTILINE | re.DOTALL)
    )
    known = all_commands()
    assert set(known) - {""} <= set(sections)
    absent = {
        f"{word} {one}"
        for word, options in known.items()
        if word
        for one in options
        if one.startswith("--") and one not in sections[word]
    }
    assert not absent


@pytest.mark.parametrize("page", OURS, ids=name)
def test_every_command_that_a_page_tells_exists_with_its_options(page: Path) -> None:
    known, wrong = all_commands() | {"project": set()}, list[str]()  # "boneage project" is the manufacturer's name in DICOM
    text = page.read_text(encoding="utf-8")
    for call in re.findall(r"(?:^ {4}|^\$ |(?<!\w)`)boneage ([^`\n#]+)", text, re.MULTILINE):
        words = call.split()
        command = next((" ".join(words[:n]) for n in (2, 1) if " ".join(words[:n]) in known), "")
        options = {word.split("=")[0].rstrip(",.;:)") for word in words if word.startswith("--")}
        if (not command and not words[0].startswith("--")) or options - known[command]:
            wrong.append(call)
    assert not wrong


def test_every_public_name_of_the_package_is_in_the_api(pages: dict[str, str]) -> None:
    import boneage

    assert all(f"`{one}`" in pages["reference/api/index.md"] for one in boneage.__all__)
    assert "### assess\n" in pages["reference/api/pipeline.md"]
    assert "# [H, W] float32, 0..1" in pages["reference/api/types.md"]  # units and shapes stand beside the fields


def test_every_field_of_a_record_is_told(pages: dict[str, str], girl: Phantom, tmp_path: Path) -> None:
    from boneage import REFERENCE, assess
    from boneage.report.record import to_record

    record = to_record("a", assess(write_dicom(girl, tmp_path / "a.dcm")), REFERENCE)
    assert not [field for field in record if f"`{field}`" not in pages["reference/record.md"]]


def test_every_refusal_and_flag_is_told() -> None:
    from boneage.errors import Kind
    from boneage.report.words import WARNINGS
    from boneage.types import Flag

    page = (DOCS / "concepts" / "refusals.md").read_text()
    assert not [kind.value for kind in Kind if f"`{kind.value}`" not in page]
    assert not [flag.value for flag in Flag if f"| {'**' if flag in WARNINGS else ''}`{flag.value}`" not in page]


def test_every_report_format_is_told_with_its_file() -> None:
    from boneage.report.formats import Format

    page = (DOCS / "reference" / "report-formats.md").read_text()
    assert not [one.value for one in Format if f"| `{one.value}` | `report{one.suffix}` |" not in page]


@pytest.mark.parametrize("page", FIGURES_IN, ids=name)
def test_figures_are_those_of_the_model_card_or_the_readme(page: Path) -> None:
    """Decimals: what is rounded to whole numbers cannot be told from other numbers."""
    text = BLOCK.sub("", page.read_text(encoding="utf-8"))
    known = set(DECIMAL.findall((ROOT / "MODEL_CARD.md").read_text() + (ROOT / "README.md").read_text()))
    assert not sorted(set(DECIMAL.findall(text)) - known - {"3.11", "2.0"})  # Python, Apache


def test_every_risk_is_answered_by_tests_that_exist() -> None:
    risks, tested = (DOCS / "safety" / "risks.md").read_text().split("## Where each measure is tested")
    numbers = re.findall(r"^\| (R\d+) \|", risks, re.MULTILINE)
    assert numbers == [f"R{k}" for k in range(1, len(numbers) + 1)] == re.findall(r"^\| (R\d+) \|", tested, re.MULTILINE)
    for line in tested.strip().splitlines()[2:]:
        named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", line)
        assert named, f"no test: {line}"
        absent = [test for file, test in named if f"def {test}(" not in (ROOT / file).read_text()]
        assert not absent, f"{line} names {absent}"


def test_the_exclusions_stand_in_every_place() -> None:
    report = (ROOT / "src" / "boneage" / "report" / "sentences" / "en.toml").read_text()
    card, use = (ROOT / "MODEL_CARD.md").read_text(), (DOCS / "safety" / "intended-use.md").read_text()
    plain = [" ".join(text.lower().replace("*", "").split()) for text in (card, use)]
    for words in (
        "treatment decisions",
        "judging the age of young people for legal purposes",
        "skeletal dysplasias, metabolic bone disease",
    ):
        assert all(words in text for text in plain), words
    assert all("not a medical device" in text for text in plain)
    for words in ("not a medical device", "legal", "Skeletal dysplasias"):
        assert words in report, words


def test_claim_has_its_44_items_each_with_a_state_and_where_or_why_not() -> None:
    rows = re.findall(r"^\| (\d+) \| (.+?) \| (.+?) \| (.+?) \|$", (DOCS / "claim.md").read_text(), re.MULTILINE)
    assert [int(number) for number, *_ in rows] == list(range(1, 45))
    assert {state for _, _, state, _ in rows} <= {"done", "partly", "not done"}


def test_every_make_target_that_is_told_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    told = {
        target
        for path in [*OURS, ROOT / "README.md"]
        for target in re.findall(r"(?:^ {4}|`)make ([a-z]+)", path.read_text(), re.MULTILINE)
    }
    assert told
    assert told <= targets
