"""What a paper's page holds: its tables and figures by number, its findings, and how far each was come by here."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import MappingProxyType

from boneage.types import Sex

COMMAND = "boneage papers --data DIR"
MEASURED = Path("docs/papers")  # where `boneage measure` leaves its pictures, wherever a page is written
PHANTOMS = "Drawn of phantoms, synthetic hands without a film of any child in them, by the networks that read real films"
UNDRAWN = "run it in the source tree, which has the networks"
PEOPLE = MappingProxyType({Sex.FEMALE: "girls", Sex.MALE: "boys"})


class How(Enum):
    """What became of a table or figure."""

    MADE = "made"
    STAND_IN = "stand-in"  # other films, networks or labels than the paper's; the words say which
    IN_PART = "made in part"  # some trainings are still to be run; the table says which
    NOT_RUN = "not run"  # a training is still to be run; the table says which
    NOT_POSSIBLE = "not possible"


class Verdict(Enum):
    """What became of a finding."""

    CONFIRMED = "confirmed"
    NOT_CONFIRMED = "not confirmed"
    OPEN = "open"  # a row was not run, or rows were trained unequally


@dataclass(frozen=True)
class Exhibit:
    """One table or figure of a paper."""

    number: str  # "Figure 8"
    title: str
    how: How
    words: str  # what is shown and on which films, or why it cannot be
    body: str = ""  # Markdown: tables, pictures
    command: str = ""  # that makes it


@dataclass(frozen=True)
class Finding:
    """A sentence of a paper, and what our figures say to it."""

    claim: str
    verdict: Verdict
    words: str  # the figures and the test


@dataclass(frozen=True)
class Page:
    """All of one paper."""

    name: str  # file name without suffix
    title: str
    source: str
    exhibits: tuple[Exhibit, ...]
    findings: tuple[Finding, ...] = ()

    def markdown(self) -> str:
        """The whole page."""
        parts = [
            f"# {self.title}",
            f"{self.source}. Made by `{COMMAND}`, but for what names another command; every number is measured on this "
            "project's films, so the paper's own, where they stand beside, are of other films and other labels.",
            "## What became of it",
            table(
                ("", "of the paper", "here"),
                [(f"[{one.number}](#{anchor(one)})", one.title, one.how.value) for one in self.exhibits],
            ),
        ]
        if self.findings:
            parts += ["## Its findings", *map(_found, self.findings)]
        for one in self.exhibits:
            parts += [f"## {heading(one)}", _told(one), one.body]
        return blocks(*parts) + "\n"


def write_page(folder: Path, page: Page) -> Path:
    """The page in its folder."""
    path = folder / f"{page.name}.md"
    path.write_text(page.markdown())
    return path


def heading(one: Exhibit) -> str:
    return f"{one.number}: {one.title}"


def anchor(one: Exhibit) -> str:
    """As Markdown viewers name a heading."""
    kept = "".join(c for c in heading(one).lower() if c.isalnum() or c in " -_")
    return kept.replace(" ", "-")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; a bar inside a cell is escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def blocks(*parts: str) -> str:
    """Paragraphs, tables and pictures below one another; what is empty is left out."""
    return "\n\n".join(part for part in parts if part)


def times(output: Sequence[int]) -> str:
    """A size as a cell: "2048 x 3 x 3"."""
    return " x ".join(map(str, output))


def picture(file: str, words: str) -> str:
    """A picture that stands beside the page."""
    return f"![{words}]({file})"


def drawn(folder: Path, file: str, words: str, todo: str) -> str:
    """A picture drawn now or before, beside the page or where the others lie; else what it takes to draw it."""
    found = lying(folder, file)
    return picture(link(folder, found), words) if found else f"*Not drawn: {todo}*"


def lying(folder: Path, file: str) -> Path | None:
    """A picture beside the page, or where `boneage measure` leaves them."""
    return next((place / file for place in (folder, MEASURED) if (place / file).is_file()), None)


def link(folder: Path, file: Path) -> str:
    """A file as a page in that folder names it."""
    return Path(os.path.relpath(file.resolve(), folder.resolve())).as_posix()


def how_far(rows: int, left: int) -> How:
    """What became of a table of so many trainings, of which some are left to be run."""
    return How.MADE if not left else How.NOT_RUN if left == rows else How.IN_PART


def _told(one: Exhibit) -> str:
    made_by = f" Command: `{one.command}`." if one.command not in ("", COMMAND) else ""
    return f"*{one.how.value.capitalize()}.* {one.words}{made_by}"


def _found(one: Finding) -> str:
    return f"- **{one.claim}** *{one.verdict.value.capitalize()}.* {one.words}"
