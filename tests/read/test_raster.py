"""Raster films: one picture, however it is stored."""

from __future__ import annotations

import numpy as np
import pytest
from films import HEIGHT, WIDTH, jpeg, picture, png, raster, stored
from PIL import Image

from boneage.errors import BoneAgeError, Kind
from boneage.read import read
from boneage.types import Flag

GRAY = stored(8)


def refused(data: bytes) -> BoneAgeError:
    with pytest.raises(BoneAgeError) as caught:
        read(data)
    return caught.value


@pytest.mark.parametrize("form", ["PNG", "TIFF", "BMP", "GIF"])
def test_lossless_formats_store_one_picture(form: str) -> None:
    radiograph = read(raster(GRAY, form))
    np.testing.assert_allclose(radiograph.pixels, GRAY / 255, atol=1e-6)
    assert radiograph.flags - {Flag.COLOR_SCAN} == frozenset()
    assert radiograph.pixels.dtype == np.float32


@pytest.mark.parametrize(
    ("form", "options"), [("JPEG", {"quality": 95}), ("WEBP", {"quality": 95}), ("WEBP", {"lossless": True})]
)
def test_lossy_formats_are_near(form: str, options: dict[str, object]) -> None:
    np.testing.assert_allclose(read(raster(GRAY, form, **options)).pixels, picture(), atol=0.03)


@pytest.mark.parametrize("form", ["PNG", "TIFF"])
@pytest.mark.parametrize("bits", [10, 12, 14, 16])
def test_depth_twins_agree(bits: int, form: str) -> None:
    deep = read(raster(stored(bits), form)).pixels
    np.testing.assert_allclose(deep, picture(), atol=0.51 / (2**bits - 1) + 1e-6)
    np.testing.assert_allclose(deep, read(png(GRAY)).pixels, atol=1 / 255)


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"])
def test_tiff_compressions(compression: str) -> None:
    for values in (GRAY, stored(16)):
        np.testing.assert_allclose(read(raster(values, "TIFF", compression=compression)).pixels, picture(), atol=0.01)


@pytest.mark.parametrize("values", [GRAY, stored(16)], ids=["8", "16"])
def test_tiff_where_white_is_zero(values: np.ndarray) -> None:
    """A TIFF's header does say how its zero looks; both depths must listen to it."""
    stored_white_zero = np.iinfo(values.dtype).max - values
    data = raster(stored_white_zero if values.dtype == np.uint16 else values, "TIFF", tiffinfo={262: 0})
    if data.find(b"\x06\x01\x03\x00\x01\x00\x00\x00\x00\x00") < 0:  # the writer did not take the tag: set it
        at = data.index(b"\x06\x01\x03\x00\x01\x00\x00\x00\x01\x00")
        data = data[: at + 8] + b"\0\0" + data[at + 10 :]
        if values.dtype == np.uint8:
            data = data.replace(values.tobytes(), stored_white_zero.tobytes())
    np.testing.assert_allclose(read(data).pixels, picture(), atol=0.01)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_turn(form: str, orientation: int) -> None:
    """A film stored turned, with the orientation that undoes it, reads as the upright one."""
    undo = {
        1: lambda a: a, 2: np.fliplr, 3: lambda a: np.rot90(a, 2), 4: np.flipud, 5: np.transpose,
        6: lambda a: np.rot90(a, 1), 7: lambda a: np.rot90(a, 2).T, 8: lambda a: np.rot90(a, -1),
    }[orientation]  # fmt: skip
    exif = Image.Exif()
    exif[274] = orientation
    data = raster(Image.fromarray(np.ascontiguousarray(undo(GRAY))), form, exif=exif)
    np.testing.assert_allclose(read(data).pixels, picture(), atol=0.06)


def test_gray_with_alpha_is_laid_on_black() -> None:
    alpha = np.full_like(GRAY, 255)
    alpha[:, :30] = 0
    radiograph = read(png(np.dstack([GRAY, alpha])))
    assert radiograph.pixels[:, :30].max() == 0
    np.testing.assert_allclose(radiograph.pixels[:, 30:], GRAY[:, 30:] / 255, atol=1e-6)
    assert radiograph.flags == frozenset()
    opaque = read(png(np.dstack([GRAY, np.full_like(GRAY, 255)])))
    np.testing.assert_allclose(opaque.pixels, GRAY / 255, atol=1e-6)


def test_transparent_gray_value_becomes_black() -> None:
    for values in (GRAY, stored(16)):
        key = int(values.max())
        pixels = read(png(values, transparency=key)).pixels
        assert (pixels[values == key] == 0).all()
        assert pixels.max() > 0.9


def test_alpha_that_hides_everything() -> None:
    assert refused(png(np.dstack([GRAY, np.zeros_like(GRAY)]))).kind is Kind.BLANK
    assert refused(png(np.dstack([GRAY, GRAY, GRAY, np.zeros_like(GRAY)]))).kind is Kind.BLANK


def test_palette() -> None:
    image = Image.fromarray(GRAY).convert("RGB").quantize(256)
    np.testing.assert_allclose(read(raster(image, "PNG")).pixels, picture(), atol=0.03)


def test_cmyk() -> None:
    np.testing.assert_allclose(
        read(raster(Image.fromarray(GRAY).convert("CMYK"), "JPEG", quality=98)).pixels, picture(), atol=0.03
    )


def test_polarity_is_left_as_stored_and_doubted() -> None:
    radiograph = read(png(255 - GRAY))
    np.testing.assert_allclose(radiograph.pixels, 1 - GRAY / 255, atol=1e-6)
    assert radiograph.flags == {Flag.POLARITY_DISAGREES}


def test_fingerprint_is_of_the_stored_pixels_alone() -> None:
    same = {read(png(GRAY)).sha256, read(raster(GRAY, "BMP")).sha256, read(png(GRAY, dpi=(300, 300))).sha256}
    assert len(same) == 1
    changed = GRAY.copy()
    changed[50, 50] ^= 1
    other = {read(png(changed)).sha256, read(png(GRAY.astype(np.uint16))).sha256, read(png(GRAY.T.copy())).sha256}
    assert len(same | other) == 4


def test_float_tiff() -> None:
    values = picture().astype(np.float32)
    np.testing.assert_allclose(read(raster(values, "TIFF")).pixels, values, atol=1e-6)
    np.testing.assert_allclose(read(raster(values * 4095, "TIFF")).pixels, values, atol=1e-6)
    for bad in (np.nan, np.inf, -1.0):
        broken = values.copy()
        broken[3, 4] = bad
        assert refused(raster(broken, "TIFF")).kind is Kind.BAD_PIXELS


def test_one_bit_is_refused() -> None:
    assert refused(raster(Image.fromarray(GRAY).convert("1"), "PNG")).kind is Kind.UNSUPPORTED


@pytest.mark.parametrize("form", ["TIFF", "GIF", "WEBP", "PNG"])
def test_several_pictures_are_refused(form: str) -> None:
    first, second = Image.fromarray(GRAY), Image.fromarray(255 - GRAY)
    assert refused(raster(first, form, save_all=True, append_images=[second])).kind is Kind.UNSUPPORTED


@pytest.mark.parametrize("shape", [(1, 1), (63, 400)])
def test_too_small(shape: tuple[int, int]) -> None:
    assert refused(png(np.zeros(shape, np.uint8))).kind is Kind.TOO_SMALL


def test_blank() -> None:
    random = np.random.default_rng(3)
    for values in (np.zeros((99, 99)), np.full((99, 99), 200), random.integers(100, 104, (99, 99))):
        assert refused(png(values.astype(np.uint8))).kind is Kind.BLANK


def test_noise_is_readable() -> None:
    noise = np.random.default_rng(3).integers(0, 256, (HEIGHT, WIDTH)).astype(np.uint8)
    assert read(png(noise)).size == (HEIGHT, WIDTH)


@pytest.mark.parametrize(
    ("form", "share"), [(form, share) for form in ("PNG", "JPEG", "TIFF", "WEBP") for share in (0.3, 0.7, 0.98)]
)
def test_truncated(form: str, share: float) -> None:
    noisy = np.clip(GRAY + np.random.default_rng(1).integers(0, 30, GRAY.shape), 0, 255).astype(np.uint8)
    data = raster(noisy, form)
    expected = {Kind.TRUNCATED} if form in {"PNG", "JPEG"} else {Kind.TRUNCATED, Kind.BAD_PIXELS, Kind.NOT_AN_IMAGE}
    assert refused(data[: int(share * len(data))]).kind in expected


def test_jpeg_by_a_camera_with_previews() -> None:
    image = Image.fromarray(GRAY)
    np.testing.assert_allclose(
        read(raster(image, "MPO", save_all=True, append_images=[image.resize((40, 50))])).pixels, picture(), atol=0.06
    )


def test_order_of_channels_does_not_matter_for_jpeg() -> None:
    assert Flag.COLOR_SCAN in read(jpeg(np.dstack([GRAY] * 3))).flags
