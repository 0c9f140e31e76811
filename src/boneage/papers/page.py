"""What a paper's page holds: its tables and figures by number, its findings, and how far each was come by here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path


class How(Enum):
    """What became of a table or figure."""

    MADE = "made"
    STAND_IN = "stand-in"  # other films, networks or labels than the paper's; the words say which
    NOT_RUN = "not run"  # a training is still to be run; the table says which
    NOT_POSSIBLE = "not possible"


class Verdict(Enum):
    """What became of a finding."""

    CONFIRMED = "confirmed"
    NOT_CONFIRMED = "not confirmed"
    OPEN = "not run"


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
            f"{self.source}. Made by `boneage papers`; every figure is measured on this project's films, so the paper's own\n"
            "figures, where they stand beside, are of other films and other labels.",
            "## What became of it",
            table(
                ("", "of the paper", "here"),
                [(f"[{one.number}](#{anchor(one)})", one.title, one.how.value) for one in self.exhibits],
            ),
        ]
        if self.findings:
            parts += ["## Its findings", table(("finding", "here", "our figures"), [_cells(one) for one in self.findings])]
        for one in self.exhibits:
            parts += [f"## {heading(one)}", *(text for text in (_told(one), one.body) if text)]
        return "\n\n".join(parts) + "\n"


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


def picture(file: str, words: str) -> str:
    """A picture that stands beside the page."""
    return f"![{words}]({file})"


def _told(one: Exhibit) -> str:
    made_by = f" Command: `{one.command}`." if one.command else ""
    return f"*{one.how.value.capitalize()}.* {one.words}{made_by}"


def _cells(one: Finding) -> tuple[str, str, str]:
    return one.claim, one.verdict.value, one.words
