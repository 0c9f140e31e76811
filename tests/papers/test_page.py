"""A page names every exhibit once, links to it, and says how each was come by."""

from __future__ import annotations

from pathlib import Path

import pytest

from boneage.papers.page import Exhibit, Finding, How, Page, Verdict, drawn, how_far, link, picture, table, write_page

PAGE = Page(
    "someone-2020",
    "Someone 2020",
    "Someone: a paper, 2020",
    (
        Exhibit("Table I", "errors, by sex (months)", How.MADE, "On all films.", "| a |\n| --- |\n| 1 |", "boneage papers"),
        Exhibit("Figure 1", "a drawing", How.NOT_POSSIBLE, "It is another's."),
    ),
    (Finding("A is better than B.", Verdict.CONFIRMED, "1.00 against 2.00 months."),),
)


def test_every_exhibit_has_a_line_that_leads_to_its_heading() -> None:
    text = PAGE.markdown()
    assert "[Table I](#table-i-errors-by-sex-months) | errors, by sex (months) | made |" in text
    assert "## Table I: errors, by sex (months)" in text
    assert "[Figure 1](#figure-1-a-drawing) | a drawing | not possible |" in text
    assert "*Made.* On all films. Command: `boneage papers`." in text
    assert "*Not possible.* It is another's.\n" in text


def test_a_finding_stands_with_its_verdict_and_figures() -> None:
    assert "- **A is better than B.** *Confirmed.* 1.00 against 2.00 months." in PAGE.markdown()
    assert "findings" not in Page("a", "A", "a", PAGE.exhibits).markdown()


def test_the_page_is_written_under_its_name(tmp_path: Path) -> None:
    path = write_page(tmp_path, PAGE)
    assert path == tmp_path / "someone-2020.md"
    assert path.read_text() == PAGE.markdown()


def test_a_bar_does_not_break_a_table() -> None:
    assert table(("a", "b"), [("|x|", "2")]).splitlines() == ["| a | b |", "| --- | --- |", "| \\|x\\| | 2 |"]


def test_a_picture_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert drawn(tmp_path, "a.png", "a hand", "run it") == "*Not drawn: run it*"
    (tmp_path / "a.png").touch()
    assert drawn(tmp_path, "a.png", "a hand", "run it") == picture("a.png", "a hand") == "![a hand](a.png)"


@pytest.mark.parametrize(("left", "how"), [(0, How.MADE), (3, How.IN_PART), (6, How.NOT_RUN)])
def test_how_far_a_table_is(left: int, how: How) -> None:
    assert how_far(6, left) is how


def test_a_picture_measured_before_is_linked_from_wherever_the_page_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    pages, elsewhere = Path("docs/papers"), Path("elsewhere")
    for folder in (pages, elsewhere):
        folder.mkdir(parents=True)
    assert "Not drawn" in drawn(elsewhere, "map.png", "maps", "measure it")
    (pages / "map.png").touch()
    assert drawn(elsewhere, "map.png", "maps", "measure it") == picture("../docs/papers/map.png", "maps")
    assert drawn(pages, "map.png", "maps", "measure it") == picture("map.png", "maps")
    (elsewhere / "map.png").touch()
    assert drawn(elsewhere, "map.png", "maps", "measure it") == picture("map.png", "maps")
    assert link(pages, Path("results/grid.svg")) == "../../results/grid.svg"
