"""The page's own files: one digest of them all, and colors that can be read in the dark and in the light (WCAG 2.2, 1.4.3)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from boneage.serve.web.static import FOLDER, Static

PAIR = re.compile(r"--([\w-]+): light-dark\(#(\w{6}), #(\w{6})\)")
TEXT, GROUNDS = ("ink", "soft", "accent", "warn", "bad", "good", "violet"), ("ground", "card", "raised")
ON = (
    ("on-accent", "accent"),
    ("warn", "warn-ground"),
    ("bad", "bad-ground"),
    ("good", "good-ground"),
    ("violet", "violet-ground"),
)
ALL = [
    *((text, ground) for text in TEXT for ground in GROUNDS),
    *ON,
    ("accent", "tint"),
    ("soft", "tint"),
    ("soft", "violet-ground"),
]


def luminance(color: str) -> float:
    shares = [int(color[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize(("text", "ground"), ALL)
def test_text_can_be_read(text: str, ground: str) -> None:
    colors = {name: both for name, *both in PAIR.findall((FOLDER / "base.css").read_text())}
    for look in (0, 1):
        assert contrast(colors[text][look], colors[ground][look]) >= 4.5, ("light", "dark")[look]


@pytest.mark.parametrize("ground", ["ground", "card"])
def test_the_edges_of_fields_can_be_seen(ground: str) -> None:
    colors = {name: both for name, *both in PAIR.findall((FOLDER / "base.css").read_text())}
    for look in (0, 1):
        assert contrast(colors["edge"][look], colors[ground][look]) >= 3


def test_a_changed_file_changes_every_address(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text("1")
    (tmp_path / "b.css").write_text("x")
    before = Static(tmp_path)
    (tmp_path / "b.css").write_text("y")
    after = Static(tmp_path)
    assert before.address("a.js") != after.address("a.js")
    with pytest.raises(KeyError):
        after.address("../static.py")


def test_nothing_is_asked_of_another_site() -> None:
    for path in FOLDER.iterdir():
        text = path.read_text().replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|@import|url\(", text), path.name
