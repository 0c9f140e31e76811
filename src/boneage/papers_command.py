"""`boneage papers`: the page of each paper, made from results/. What it needs loads when it runs."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from boneage import dataset
from boneage.compare_command import PARTS
from boneage.errors import BoneAgeError, Kind
from boneage.lab import RESULTS, DataFolder, make_folder, need_data, parse_part

PAGES = ("iglovikov.page", "lee.page", "ren.page", "study")  # modules of boneage.papers


def papers(
    data: DataFolder = None,
    split: Annotated[str, typer.Option(help="test or select; what was answered is read, so no look at test is added.")] = "test",
    results: Annotated[Path, typer.Option("--results", help="Folder with what was measured.")] = RESULTS,
    out: Annotated[Path, typer.Option("--out", help="Folder for the pages and their pictures.")] = Path("docs/papers"),
    films: Annotated[Path | None, typer.Option(help="Folder for pictures of single films (Ren, figures 5, 6).")] = None,
) -> None:
    """Every table and figure of the four papers, by number, as far as the trainings have come."""
    from boneage.papers.page import write_page
    from boneage.papers.shelf import Shelf

    if (part := parse_part(split)) not in PARTS:
        raise BoneAgeError(Kind.BAD_OPTION, came=f"--split {split!r}", expected="test or select", todo="Choose one of them.")
    make_folder(out)
    folder = need_data(data)
    shelf = Shelf(results, dataset.by_id(dataset.read_films(folder)), part)
    for name in PAGES:
        made = import_module(f"boneage.papers.{name}").page(shelf, out)
        Console().print(str(write_page(out, made)), highlight=False, soft_wrap=True)
    if films is not None:
        from boneage.papers.ren.hard import write_pictures

        for picture in write_pictures(shelf, folder, films):
            Console().print(str(picture), highlight=False, soft_wrap=True)
