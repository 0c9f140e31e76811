"""Maps of a film that was read, from the command line to the page."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from boneage import assess
from boneage.cli import app
from boneage.explain.maps import explain
from boneage.explain.occlusion import Occlusion
from boneage.phantom import Phantom, write_png
from boneage.pipeline import BOTH
from boneage.systems import REFERENCE
from boneage.types import Radiograph

COARSE = Occlusion(patch=1 / 4, stride=1 / 4)


def test_each_sex_has_its_map_in_the_film_s_pixels(girl: Phantom) -> None:
    assessment = assess(Radiograph(girl.pixels, "0"), sex=BOTH)
    female, male = explain(assessment, REFERENCE, options=COARSE)
    assert (female.name, male.name) == ("occlusion female", "occlusion male")
    assert not np.array_equal(female.values, male.values)
    height, width = female.values.shape
    crop = assessment.prepared.crops[0]
    far = crop.to_source.points((crop.pixels.shape[1] - 0.5, crop.pixels.shape[0] - 0.5))
    np.testing.assert_allclose(female.to_source.points((width - 0.5, height - 0.5)), far)


def test_an_ensemble_s_map_is_its_networks_mean_on_the_film(girl: Phantom) -> None:
    assessment = assess(Radiograph(girl.pixels, "0"), sex=girl.sex)
    (alone,) = explain(assessment, REFERENCE, options=COARSE)
    (both,) = explain(assessment, replace(REFERENCE, members=REFERENCE.members * 2), options=COARSE)
    assert both.values.shape == girl.size
    np.testing.assert_allclose(both.values, alone.to_source.image(alone.values, girl.size), atol=1e-5)
    assert both.networks == alone.networks * 2


def test_the_reference_looks_at_the_hand(girl: Phantom) -> None:
    """Covering the drawn hand moves the answer more than covering what lies beside it."""
    assessment = assess(Radiograph(girl.pixels, "0"), sex=girl.sex)
    (found,) = explain(assessment, REFERENCE)
    on_film = np.abs(found.to_source.image(found.values, girl.size))
    seen = found.to_source.image(np.ones_like(found.values), girl.size) > 0.5
    near = cv2.dilate(girl.mask.astype(np.uint8), np.ones((81, 81), np.uint8)) > 0  # as far as a patch reaches
    assert on_film[girl.mask & seen].mean() > 3 * on_film[~near & seen].mean()
    assert found.strongest > 1


def test_explain_leaves_pictures_lines_and_figures_on_the_page(girl: Phantom, tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"not a film")
    film = write_png(girl, tmp_path / "girl.png")
    call = ["assess", str(tmp_path / "broken.png"), str(film), "--sex", "female", "--json"]
    for _ in range(2):  # the second run replaces the first
        done = CliRunner().invoke(app, [*call, "--explain", str(tmp_path / "maps"), "--out", str(tmp_path / "page")])
        assert done.exit_code == 1, done.output
    (line,) = (json.loads(line) for line in (tmp_path / "maps" / "maps.jsonl").read_text().splitlines())
    assert line["picture"] == "0002/occlusion.png"
    assert line["file"] == str(film)
    assert line["networks"] == ["reference-2026-11"]
    picture = cv2.imread(str(tmp_path / "maps" / line["picture"]))
    assert picture is not None
    assert picture.shape == (*girl.size, 3)
    assert np.ptp(picture, axis=2).max() > 60
    page = (tmp_path / "page" / "index.html").read_text()
    assert "pictures/0002-map-occlusion.jpg" in page
    assert f"Brightest: {line['strongest']:.1f} months" in page
    assert (tmp_path / "page" / "pictures" / "0002-map-occlusion.jpg").is_file()


def test_a_folder_that_holds_something_else_is_refused(girl: Phantom, tmp_path: Path) -> None:
    film = write_png(girl, tmp_path / "girl.png")
    assert CliRunner().invoke(app, ["assess", str(film), "--sex", "female", "--explain", str(tmp_path)]).exit_code == 2


@pytest.mark.parametrize("number", ["14717", "1511"])
def test_real_films_move_most_where_there_are_bones(number: str, data: Path) -> None:
    film = data / "originals" / f"{number}.png"
    if not film.is_file():
        pytest.skip(f"no {film.name}")
    assessment = assess(film, sex=BOTH)
    hand = assessment.prepared.hand
    assert hand is not None
    for found in explain(assessment, REFERENCE, options=Occlusion(stride=1 / 8)):
        where = np.unravel_index(np.abs(found.values).argmax(), found.values.shape)
        place = found.to_source.points((where[1], where[0]))
        points = hand.to_source.points(hand.points)
        near = np.linalg.norm(points - place, axis=1).min()
        assert near < 0.25 * np.linalg.norm(np.ptp(points, axis=0))
