"""Builds the manual, a site of plain files: `make docs`. The repository's pages are taken in as they are, with links turned.

The site generator is zensical. The API pages are made by our own few lines over `ast` (generated_pages.py), since the meaning,
units and shapes of fields stand in comments beside them, which docstring tools such as mkdocstrings do not show.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from generated_pages import generated

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "build" / "manual"
DOCS = Path("docs")
CONFIG, STYLE = DOCS / "zensical.toml", DOCS / "site.css"
# pages of the repository that stand elsewhere than in docs/
OUTSIDE = {
    "README.md": "about/readme.md",
    "MODEL_CARD.md": "safety/model-card.md",
    "CHANGELOG.md": "about/changelog.md",
    "EXPERIMENTS.md": "about/experiments.md",
    "CONTRIBUTING.md": "about/contributing.md",
}
FILES = Path("files")  # of the site: what pages link to and is no page
LINK = re.compile(r"(\]\()([^)\s]+)(\))")
FENCE = re.compile(r"^( *)(```+|~~~+).*?^\1\2[`~]*$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)


def place(source: Path) -> Path | None:
    """Where a page of the repository stands in the site; None: it is no page of it."""
    if str(source) in OUTSIDE:
        return Path(OUTSIDE[str(source)])
    return source.relative_to(DOCS) if source.suffix == ".md" and source.is_relative_to(DOCS) else None


def assemble(target: Path) -> dict[str, str]:
    """Writes all pages into a folder, with the files they link to; the pages by their place. Raises for a link to no file."""
    made = generated()
    sources = [*(path.relative_to(ROOT) for path in sorted((ROOT / DOCS).rglob("*.md"))), *map(Path, OUTSIDE)]
    pages = {str(place(source)): _moved((ROOT / source).read_text(encoding="utf-8"), source, target) for source in sources}
    pages |= {where: _moved(text, DOCS / where, target) for where, text in made.items()}
    for where, text in pages.items():
        (target / where).parent.mkdir(parents=True, exist_ok=True)
        (target / where).write_text(text, encoding="utf-8")
    return pages


def code(text: str) -> Iterator[tuple[int, int]]:
    """Where fenced code and code spans lie: nothing in them is a link."""
    fences = [match.span() for match in FENCE.finditer(text)]
    yield from fences
    yield from (one.span() for one in SPAN.finditer(text) if not any(a <= one.start() < b for a, b in fences))


def links(text: str) -> list[re.Match[str]]:
    """All links and pictures of a page outside code."""
    hidden = list(code(text))
    return [match for match in LINK.finditer(text) if not any(a <= match.start() < b for a, b in hidden)]


def _moved(text: str, source: Path, target: Path) -> str:
    """A page with its links turned from the repository's places to the site's."""
    own = place(source)
    assert own is not None
    pieces, end = list[str](), 0
    for match in links(text):
        pieces += [text[end : match.start(2)], _turned(match[2], source, own, target)]
        end = match.end(2)
    return "".join([*pieces, text[end:]])


def _turned(link: str, source: Path, own: Path, target: Path) -> str:
    parts = urlsplit(link)
    if parts.scheme or not parts.path:
        return link
    meant = Path(os.path.normpath(source.parent / unquote(parts.path)))
    there = place(meant)
    if there is None:
        if not (ROOT / meant).is_file():
            raise FileNotFoundError(f"{source} links to {link}, which is no file")
        there = meant.relative_to(DOCS) if meant.is_relative_to(DOCS) else FILES / meant
        (target / there).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / meant, target / there)
    turned = Path(os.path.relpath(there, own.parent)).as_posix()
    return turned + (f"#{parts.fragment}" if parts.fragment else "")


class _Page(HTMLParser):
    """What a page of the site names and asks for."""

    def __init__(self) -> None:
        super().__init__()
        self.names, self.links, self.loads = set[str](), list[str](), list[str]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.names |= {name for key in ("id", "name") if (name := values.get(key))}
        if tag == "a" and (href := values.get("href")):
            self.links.append(href)
        if tag == "link" and (values.get("rel") or "") not in ("canonical", "next", "prev") and (href := values.get("href")):
            self.loads.append(href)
        if src := values.get("src"):
            self.loads.append(src)


def faults(site: Path) -> list[str]:
    """What is wrong with a site: links and anchors that lead nowhere, and whatever a page would load from elsewhere."""
    pages = dict[Path, _Page]()
    for file in sorted(site.rglob("*.html")):
        pages[file] = _Page()
        pages[file].feed(file.read_text(encoding="utf-8"))
    return [fault for file, page in pages.items() if file.name != "404.html" for fault in _faults_of(file, page, pages, site)]


def _faults_of(file: Path, page: _Page, pages: Mapping[Path, _Page], site: Path) -> Iterator[str]:
    name = file.relative_to(site)
    yield from (f"{name} loads {one}" for one in page.loads if urlsplit(one).netloc)
    for link in page.links + page.loads:
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        meant = Path(os.path.normpath(file.parent / unquote(parts.path))) if parts.path else file
        meant = meant / "index.html" if meant.is_dir() else meant
        if not meant.is_file():
            yield f"{name}: {link} leads nowhere"
        elif parts.fragment and meant in pages and unquote(parts.fragment) not in pages[meant].names:
            yield f"{name}: {link} has no such place"


def build(folder: Path) -> Path:
    """The whole site under the folder. Raises where zensical fails or a link of the site leads nowhere."""
    shutil.rmtree(folder, ignore_errors=True)
    assemble(folder / "pages")
    shutil.copyfile(ROOT / CONFIG, folder / CONFIG.name)
    shutil.copyfile(ROOT / STYLE, folder / "pages" / STYLE.name)
    site_dir: str = tomllib.loads((ROOT / CONFIG).read_text(encoding="utf-8"))["project"]["site_dir"]
    subprocess.run([sys.executable, "-m", "zensical", "build", "--clean"], cwd=folder, check=True)
    site = folder / site_dir
    if found := faults(site):
        raise SystemExit("\n".join(found))
    return site


if __name__ == "__main__":
    site = build(BUILD)
    sys.stdout.write(f"{site.relative_to(ROOT)}/index.html\n")
