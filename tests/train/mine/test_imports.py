"""One hand written in every format is one mask; bad entries are named and the rest goes on."""

from __future__ import annotations

import base64
import io
import json
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image as Pillow

from boneage.dataset import Part, part_of
from boneage.standardize.segment import iou
from boneage.train.mine.folder import MineFolder
from boneage.train.mine.imports.entry import BadEntryError, Entry, Fault
from boneage.train.mine.imports.read import read_files
from boneage.train.mine.imports.rle import decode
from boneage.train.mine.take_in import take_in

FILM = 1378
SIZE = (460, 340)  # height, width of the annotated image
OUTLINE = np.array([(60, 450), (50, 200), (120, 40), (200, 60), (300, 210), (260, 450)], float)
HOLE = np.array([(140, 250), (200, 250), (200, 320), (140, 320)], float)


def full(holes: bool = False) -> npt.NDArray[np.bool_]:
    """The outline on the image's own pixels: a pixel is in when its center is."""
    fine = np.zeros((SIZE[0] * 8, SIZE[1] * 8), np.uint8)
    cv2.fillPoly(fine, [np.rint(OUTLINE * 8 - 0.5).astype(np.int32)], 1)
    if holes:
        cv2.fillPoly(fine, [np.rint(HOLE * 8 - 0.5).astype(np.int32)], 0)
    return cv2.resize(fine.astype(np.float32), SIZE[::-1], interpolation=cv2.INTER_AREA) >= 0.5


def runs(mask: npt.NDArray[np.bool_]) -> list[int]:
    flat = np.concatenate([[False], mask.T.ravel()])
    ends = np.flatnonzero(np.diff(flat.astype(np.int8))) + 0
    return np.diff(np.concatenate([[0], ends, [mask.size]])).astype(int).tolist()


def packed(counts: list[int]) -> str:
    """COCO's text of run lengths, as its own library writes it."""
    text = ""
    for index, count in enumerate(counts):
        value = count - (counts[index - 2] if index > 2 else 0)
        more = True
        while more:
            code, value = value & 31, value >> 5
            more = value != -1 if code & 16 else value != 0
            text += chr((code | 32 if more else code) + 48)
    return text


def coco(segmentation: Any, film: Any = f"{FILM}.png") -> dict[str, Any]:
    images = [{"id": 1, "file_name": film, "height": SIZE[0], "width": SIZE[1]}]
    return {"images": images, "annotations": [{"id": 9, "image_id": 1, "category_id": 1, "segmentation": segmentation}]}


def bitmap(mask: npt.NDArray[np.bool_]) -> dict[str, Any]:
    """As Supervisely writes it: the mask's box as a zipped PNG whose background is transparent."""
    (y0, x0), (y1, x1) = np.argwhere(mask).min(0), np.argwhere(mask).max(0) + 1
    picture = Pillow.fromarray(mask[y0:y1, x0:x1].astype(np.uint8), mode="P")
    picture.putpalette([0, 0, 0, 255, 255, 255])
    file = io.BytesIO()
    picture.save(file, format="PNG", transparency=0, optimize=0)
    return {"data": base64.b64encode(zlib.compress(file.getvalue())).decode(), "origin": [int(x0), int(y0)]}


def supervisely(*objects: dict[str, Any]) -> dict[str, Any]:
    return {"size": {"height": SIZE[0], "width": SIZE[1]}, "objects": list(objects), "tags": []}


def polygon(exterior: Any, interior: Any = ()) -> dict[str, Any]:
    points = {"exterior": np.asarray(exterior).tolist(), "interior": [np.asarray(hole).tolist() for hole in interior]}
    return {"geometryType": "polygon", "classTitle": "hand", "points": points}


def via(shape: dict[str, Any], **attributes: str) -> dict[str, Any]:
    return {
        f"{FILM}.png12": {
            "filename": f"{FILM}.png",
            "size": 12,
            "regions": [{"shape_attributes": shape, "region_attributes": {}}],
            "file_attributes": attributes,
        }
    }


def xy(points: npt.NDArray[np.float64]) -> dict[str, Any]:
    return {"all_points_x": points[:, 0].tolist(), "all_points_y": points[:, 1].tolist()}


def read_json(tmp_path: Path, values: Any, name: str = f"{FILM}.png.json", **options: Any) -> list[Entry | Fault]:
    path = tmp_path / name
    path.write_text(values if isinstance(values, str) else json.dumps(values))
    return list(read_files([path], size=options.get("size"), sizes=options.get("sizes", {})))


def one(found: list[Entry | Fault]) -> Entry:
    assert len(found) == 1
    assert isinstance(found[0], Entry), found
    return found[0]


def test_every_format_gives_the_same_mask(tmp_path: Path) -> None:
    mask = full()
    rings = {"name": "polygon", **xy(OUTLINE)}
    size = {"size": list(SIZE)}
    files: dict[str, tuple[Any, dict[str, Any]]] = {
        "coco polygon": (coco([OUTLINE.ravel().tolist()]), {}),
        "coco runs": (coco({"counts": runs(mask), **size}), {}),
        "coco packed": (coco({"counts": packed(runs(mask)), **size}), {}),
        "supervisely polygon": (supervisely(polygon(OUTLINE)), {}),
        "supervisely bitmap": (supervisely({"geometryType": "bitmap", "bitmap": bitmap(mask)}), {}),
        "via attributes": (via(rings, width=str(SIZE[1]), height=str(SIZE[0])), {}),
        "via size": (via({**rings, "name": "polyline"}), {"size": SIZE}),
        "via project": ({"_via_settings": {}, "_via_img_metadata": via(rings)}, {"sizes": {FILM: SIZE}}),
    }
    Pillow.fromarray(mask.astype(np.uint8) * 255).save(tmp_path / f"{FILM}.png")
    masks = {"png": one(list(read_files([tmp_path / f"{FILM}.png"], size=None, sizes={})))}
    masks |= {name: one(read_json(tmp_path, values, **options)) for name, (values, options) in files.items()}
    for name, entry in masks.items():
        assert entry.film == FILM, name
        assert entry.mask.shape == (299, 299)
        assert iou(entry.mask, masks["png"].mask) > 0.99, name
    assert np.array_equal(masks["coco runs"].mask, masks["coco packed"].mask)
    assert np.array_equal(masks["coco runs"].mask, masks["supervisely bitmap"].mask)


def test_coordinates_are_scaled_from_the_stated_size(tmp_path: Path) -> None:
    """The left half of the image is the left half of the frame, to the pixel, at any size."""
    for height, width in ((299, 299), (598, 1196), (150, 80)):
        values = coco([[0, 0, width / 2, 0, width / 2, height, 0, height]])
        values["images"][0] |= {"height": height, "width": width}
        columns = one(read_json(tmp_path, values)).mask
        assert columns[:, :149].all()
        assert not columns[:, 150:].any()


def test_holes_and_several_objects(tmp_path: Path) -> None:
    with_hole = one(read_json(tmp_path, supervisely(polygon(OUTLINE, [HOLE])))).mask
    without = one(read_json(tmp_path, supervisely(polygon(OUTLINE)))).mask
    both = one(read_json(tmp_path, supervisely(polygon(OUTLINE, [HOLE]), polygon(HOLE)))).mask
    share = 60 * 70 / (SIZE[0] * SIZE[1])
    assert (without ^ with_hole).mean() == pytest.approx(share, rel=0.05)
    assert iou(both, without) > 0.995


def test_via_rounds_have_their_area(tmp_path: Path) -> None:
    for shape, area in (
        ({"name": "circle", "cx": 170, "cy": 230, "r": 100}, np.pi * 100**2),
        ({"name": "ellipse", "cx": 170, "cy": 230, "rx": 140, "ry": 60, "theta": 0.7}, np.pi * 140 * 60),
        ({"name": "ellipse", "cx": 170, "cy": 230, "rx": 140, "ry": 60}, np.pi * 140 * 60),
        ({"name": "rect", "x": 20, "y": 30, "width": 200, "height": 300}, 200 * 300),
    ):
        mask = one(read_json(tmp_path, via(shape), size=SIZE)).mask
        assert mask.mean() * SIZE[0] * SIZE[1] == pytest.approx(area, rel=0.015)  # edges fall on whole pixels


def test_packed_run_lengths_by_hand() -> None:
    """Worked on paper: 16 needs a second character since its fifth bit would be a sign; the fourth run is a difference."""
    assert decode("01", [1, 1]).tolist() == [[True]]
    assert decode("`0`0", [32, 1]).sum() == 16
    assert decode("1110", [4, 1]).tolist() == decode([1, 1, 1, 1], [4, 1]).tolist()
    assert decode([1, 2, 1], [2, 2]).tolist() == [[False, True], [True, False]]  # columns first


@pytest.mark.parametrize(
    ("counts", "size"),
    [
        ([3], [2, 2]),
        ([-1, 5], [2, 2]),
        ([1.5, 2.5], [2, 2]),
        ("\x7f\x7f", [2, 2]),
        ("`", [4, 4]),
        ([4], [2]),
        ([4], [0, 4]),
        ([4], "22"),
        (None, [2, 2]),
        ([10**10], [10**5, 10**5]),
        ("o" * 40, [2, 2]),
    ],
)
def test_bad_run_lengths_are_refused(counts: Any, size: Any) -> None:
    with pytest.raises(BadEntryError):
        decode(counts, size)


BAD: dict[str, Any] = {
    "no points": coco([[1, 2]]),
    "odd": coco([[1, 2, 3, 4, 5, 6, 7]]),
    "words": coco([["a", "b", "c", "d", "e", "f"]]),
    "nan": '{"images": [{"id": 1, "file_name": "1378.png", "height": 9, "width": 9}], '
    '"annotations": [{"image_id": 1, "segmentation": [[0, 0, NaN, 9, 9, 9]]}]}',
    "far away": coco([[0, 0, 10**9, 0, 10**9, 10**9]]),
    "nothing": coco([]),
    "no id": coco([OUTLINE.ravel().tolist()], film="left.png"),
    "no image": {"images": [], "annotations": [{"image_id": 4, "segmentation": []}]},
    "a speck": coco([[0, 0, 5, 0, 5, 5, 0, 5]]),
    "the whole film": coco([[0, 0, SIZE[1], 0, SIZE[1], SIZE[0], 0, SIZE[0]]]),
    "not a bitmap": supervisely({"geometryType": "bitmap", "bitmap": {"data": "AAAA", "origin": [0, 0]}}),
    "out of the image": supervisely({"geometryType": "bitmap", "bitmap": {**bitmap(full()), "origin": [300, 300]}}),
    "a line": supervisely({"geometryType": "line", "points": {"exterior": [[0, 0], [5, 5]]}}),
    "no objects": supervisely(),
    "no exterior": supervisely({"geometryType": "polygon", "points": {}}),
    "size unknown": via({"name": "polygon", **xy(OUTLINE)}),
    "point": via({"name": "point", "cx": 3, "cy": 4}, width="340", height="460"),
    "no radius": via({"name": "circle", "cx": 3, "cy": 4}, width="340", height="460"),
    "size in words": via({"name": "polygon", **xy(OUTLINE)}, width="wide", height="460"),
    "not of a kind": {"hello": 1},
    "not JSON": "{",
    "deep": "[" * 100_000,
    "a list": [1, 2],
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_entry_is_one_clear_fault(tmp_path: Path, name: str) -> None:
    found = read_json(tmp_path, BAD[name])
    assert len(found) == 1
    assert isinstance(found[0], Fault)
    assert f"{FILM}.png.json" in found[0].where
    assert found[0].reason


def test_good_entries_go_on_beside_bad_ones(tmp_path: Path) -> None:
    values = coco([OUTLINE.ravel().tolist()])
    values["images"].append({"id": 2, "file_name": "1379.png", "height": SIZE[0], "width": SIZE[1]})
    values["annotations"].insert(0, {"image_id": 2, "segmentation": [[1, 2]]})
    found = read_json(tmp_path, values)
    assert [type(entry) for entry in found] == [Fault, Entry]
    assert isinstance(found[0], Fault)
    assert "1379.png" in found[0].where
    assert "annotation 0" in found[0].reason


def test_a_held_out_film_is_refused(tmp_path: Path) -> None:
    held_out = next(film_id for film_id in range(1377, 1500) if part_of(film_id) is Part.TEST)
    found = read_json(tmp_path, coco([OUTLINE.ravel().tolist()], film=f"{held_out}.png"))
    assert isinstance(found[0], Fault)
    assert "held out (test)" in found[0].reason


def test_pictures_that_are_no_masks(tmp_path: Path, hands: Any) -> None:
    film = next(iter(hands.values())).film
    cv2.imwrite(str(tmp_path / "1378.png"), cv2.GaussianBlur(film, (0, 0), 20))
    (tmp_path / "1381.png").write_bytes(b"")
    cv2.imwrite(str(tmp_path / "hand.png"), film)
    found = list(read_files([tmp_path, tmp_path / "nowhere.png"], size=None, sizes={}))
    assert len(found) == 4
    assert all(isinstance(fault, Fault) for fault in found)


def test_masks_of_zero_and_one_are_masks(tmp_path: Path) -> None:
    Pillow.fromarray(full().astype(np.uint8)).save(tmp_path / f"{FILM}.png")
    assert 0.2 < one(list(read_files([tmp_path], size=None, sizes={}))).mask.mean() < 0.8


def test_taken_in_masks_win(tmp_path: Path, here: MineFolder, films_folder: Path, ids: list[int], hands: Any) -> None:
    first = here.round(0)
    from boneage.train.mine.decide import By, Verdict
    from boneage.train.mine.score import score

    hand = hands[ids[0]]
    wrong = np.roll(hand.mask, 9, 1)
    first.add_mask(ids[0], wrong, score(hand.film, wrong, hand.known, probability=None, before=None))
    first.decide(ids[0], Verdict.DISCARD, By.RULE)
    here.summarize(first)
    for film_id in (ids[0], ids[1]):
        cv2.imwrite(str(tmp_path / f"{film_id}.png"), hands[film_id].mask.astype(np.uint8) * 255)
    cv2.imwrite(str(tmp_path / "99999999.png"), hand.mask.astype(np.uint8) * 255)
    told: list[str] = []
    files = [tmp_path / f"{name}.png" for name in (ids[0], ids[1], 99999999)]
    done = take_in(here, files, data=films_folder, size=None, tell=told.append)
    assert done.films == {ids[0], ids[1]}
    assert len(done.faults) == 1
    assert set(here.accepted(0)) == {ids[0], ids[1]}
    assert here.accepted(0)[ids[0]].parent == here.corrected
    assert first.decisions()[ids[0]].by is By.IMPORT
