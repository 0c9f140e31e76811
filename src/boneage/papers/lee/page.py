"""Lee 2017: preprocessing, augmentation and fine-tuning of GoogLeNet over year classes, and what it looks at."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from boneage.evaluate.hand_regions import REGIONS
from boneage.papers.attention import densities
from boneage.papers.drawing import can_draw
from boneage.papers.lee import pictures, preparation
from boneage.papers.lee.attention import COMMAND as ATTENTION_COMMAND
from boneage.papers.lee.attention import PICTURE, read_attention
from boneage.papers.lee.errors import figure_8, figure_9, grid
from boneage.papers.lee.findings import findings
from boneage.papers.lee.networks import stage_band
from boneage.papers.lee.plots import plot_years
from boneage.papers.page import COMMAND, PEOPLE, Exhibit, How, Page, blocks, link, lying, picture, table
from boneage.papers.shelf import FEWEST_FILMS, Shelf
from boneage.papers.stages import MAJOR
from boneage.systems import LEE
from boneage.types import Sex

SOURCE = (
    'Lee, Tajmir, Lee, Zissen, Yeshiwas, Alkasab, Choy, Do: "Fully Automated Deep Learning System for Bone Age Assessment", 2017'
)
TITLE_10 = "attention maps in four stages of maturity, girls and boys"


def page(shelf: Shelf, out: Path) -> Page:
    """All tables and figures by number. What cannot be drawn here anew keeps its committed picture."""
    if can_draw(LEE.way):
        pictures.draw_pictures(out)
    plot_years(out / "lee-2017-figure-2.svg", tuple(shelf.films.values()))
    exhibits = (
        preparation.table_1(shelf),
        preparation.table_2(shelf),
        preparation.table_3(),
        preparation.figure_1(),
        figure_2(),
        preparation.figure_3(out),
        preparation.figure_4(out),
        preparation.figure_5(shelf, out),
        preparation.figure_6(),
        preparation.figure_7(out),
        figure_8(shelf),
        figure_9(shelf, out),
        figure_10(shelf, out),
        grid(shelf),
    )
    return Page("lee-2017", "Lee 2017", SOURCE, exhibits, findings(shelf))


def figure_2() -> Exhibit:
    words = (
        "All labeled films of the data set from 5 years on, in the paper's classes; the paper's are 4,278 girls and 4,047 "
        "boys of one hospital."
    )
    body = picture("lee-2017-figure-2.svg", "Number of films by year of bone age, girls and boys")
    return Exhibit("Figure 2", "bone age distribution, girls and boys", How.MADE, words, body, COMMAND)


def figure_10(shelf: Shelf, out: Path) -> Exhibit:
    """Averages in the place of six selected films a stage."""
    rows = read_attention(shelf.results, shelf.films)
    words = (
        "Averages over all films that were read correctly, in the common frame of the hand's 21 points, in the place of six "
        "chosen films a stage: no single film is shown. Color: how far the probability of the true class falls where a "
        "patch covers the place. Films of the select and calibrate parts, which trained nothing; the youngest stage begins "
        "at 60 months, as the networks do. Networks: M3 of each sex, not M4. Below, attention for its area by region, 1 "
        "being the hand's average."
    )
    if not rows:
        return Exhibit("Figure 10", TITLE_10, How.NOT_RUN, words, command=ATTENTION_COMMAND)
    lines = []
    for sex in Sex:
        for stage in MAJOR:
            tried = [row for row in rows if row.film.sex is sex and row.stage == stage]
            right = [row for row in tried if row.correct]
            many = len(right) >= FEWEST_FILMS
            means = [f"{np.mean(densities(right, region)):.2f}" if many else "" for region in REGIONS]
            lines.append([PEOPLE[sex], stage, str(stage_band(sex, stage)), f"{len(tried):,}", f"{len(right):,}", *means])
    parts = [table(("sex", "stage", "bone age, months", "films tried", "read correctly", *REGIONS), lines)]
    if found := lying(out, PICTURE):
        parts.insert(
            0, picture(link(out, found), "Average occlusion maps on average hands, girls above, boys below, a column a stage")
        )
    return Exhibit("Figure 10", TITLE_10, How.STAND_IN, words, blocks(*parts), ATTENTION_COMMAND)
