"""Ren 2018: attention maps, attention loss, backbones, transfer, and where the network looks."""

from __future__ import annotations

from pathlib import Path

from boneage.papers.page import Page
from boneage.papers.ren.attention import figure_3, figure_4
from boneage.papers.ren.demographics import table_1
from boneage.papers.ren.findings import findings
from boneage.papers.ren.hard import figure_5, figure_6
from boneage.papers.ren.scheme import figure_1, figure_2
from boneage.papers.ren.tables import table_2, table_3, table_4, table_5
from boneage.papers.shelf import Shelf

SOURCE = (
    'Ren, Li, Yang et al.: "Regression Convolutional Neural Network for Automated Pediatric Bone Age Assessment from Hand '
    'Radiograph", IEEE Journal of Biomedical and Health Informatics, 2018'
)


def page(shelf: Shelf, out: Path) -> Page:
    """Tables I to V, figures 1 to 6, and what the paper finds."""
    tables = (table_1(shelf), table_2(shelf), table_3(shelf), table_4(shelf), table_5(shelf))
    figures = (figure_1(out), figure_2(out), figure_3(shelf, out), figure_4(shelf, out), figure_5(shelf), figure_6(shelf))
    return Page("ren-2018", "Ren 2018", SOURCE, (*tables, *figures), findings(shelf))
