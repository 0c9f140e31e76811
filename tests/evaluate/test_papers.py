"""The papers' figures, as they stand in the documents."""

from __future__ import annotations

import pytest

from boneage.evaluate.papers import FIGURES, PAPERS, is_of, papers_of


def test_the_headline_figures() -> None:
    assert [paper.figures["mae"] for paper in PAPERS["iglovikov-2018"]][:2] == ["4.97", "6.10"]
    assert PAPERS["ren-2018"][0].figures["mae"] == "5.2"
    assert {name: dict(PAPERS[name][0].figures) for name in ("resnet50-gelu", "inception-v4-gelu")} == {
        "resnet50-gelu": {"films": "200", "rmse": "17.85", "mape": "12.20", "r2": "81.08", "msle": "0.0236"},
        "inception-v4-gelu": {"films": "200", "rmse": "15.09", "mape": "9.83", "r2": "86.34", "msle": "0.0209"},
    }
    m3, m4 = PAPERS["lee-2017"]
    assert m3.from_5_years
    assert m4.from_5_years
    assert dict(m3.figures) == {"same_class": f"{39.06 * 1.3385:.1f} F\n{40.60 * 1.3483:.1f} M"}  # M1's, and the gain over it
    girls = [m4.figures[name].split("\n")[0] for name in ("rmse", "within_1_class", "within_2_classes")]
    assert girls == ["11.2 F", "90.4 F", "98.1 F"]


def test_lees_years_are_months() -> None:
    assert PAPERS["lee-2017"][1].figures["rmse"] == f"{0.93 * 12:.1f} F\n{0.82 * 12:.1f} M"


def test_every_figure_has_a_place_in_the_table_and_a_source() -> None:
    for papers in PAPERS.values():
        for paper in papers:
            assert set(paper.figures) <= set(FIGURES)
            assert paper.source in str(paper)
            assert "\n" not in str(paper)


@pytest.mark.parametrize("name", PAPERS)
def test_a_dated_name_belongs_to_its_paper(name: str) -> None:
    assert papers_of(name) == papers_of(f"{name}-2026-11") == PAPERS[name]
    assert not is_of(f"{name}x", name)
    assert papers_of("reference-2026-11") == ()
