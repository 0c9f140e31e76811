"""DICOM films: one picture, however it is stored."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from films import HEIGHT, IDENTIFIER, NAME, WIDTH, dataset, film, jpeg, picture, save, stored
from pydicom import uid
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate

from boneage.errors import BoneAgeError, Kind
from boneage.read import read
from boneage.types import Flag

LOSSLESS = {
    "implicit": uid.ImplicitVRLittleEndian,
    "explicit": uid.ExplicitVRLittleEndian,
    "big": uid.ExplicitVRBigEndian,
    "deflated": uid.DeflatedExplicitVRLittleEndian,
    "jpeg-lossless": uid.JPEGLosslessSV1,
    "jpeg-lossless-14": uid.JPEGLossless,
    "jpeg-ls": uid.JPEGLSLossless,
    "jpeg-2000": uid.JPEG2000Lossless,
    "rle": uid.RLELossless,
}
QUIET = {Flag.SPACING_UNKNOWN}  # what the plain film of these tests is flagged with


def refused(data: bytes) -> BoneAgeError:
    with pytest.raises(BoneAgeError) as caught:
        read(data)
    return caught.value


def encapsulated(values: np.ndarray, frame: bytes, syntax: str, *, bits: int) -> bytes:
    """A film whose compressed frame is given, sound or not."""
    packed = dataset(values, bits=bits)
    packed.PixelData = encapsulate([frame])
    packed["PixelData"].VR, packed["PixelData"].is_undefined_length = "OB", True
    packed.file_meta.TransferSyntaxUID = syntax
    file = io.BytesIO()
    packed.save_as(file, implicit_vr=False, little_endian=True, enforce_file_format=True)
    return file.getvalue()


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("signed", [False, True], ids=["unsigned", "signed"])
@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("syntax", LOSSLESS)
def test_one_picture_however_stored(syntax: str, bits: int, signed: bool, photometric: str) -> None:
    values = stored(bits, signed=signed)
    if photometric == "MONOCHROME1":
        values = ~values if signed else (2**bits - 1 - values.astype(int)).astype(values.dtype)
    radiograph = read(save(dataset(values, bits=bits, photometric=photometric), LOSSLESS[syntax]))
    assert radiograph.pixels.dtype == np.float32
    assert np.abs(radiograph.pixels - picture()).max() <= 0.51 / (2**bits - 1) + 1e-6
    assert radiograph.flags == QUIET
    assert radiograph.sha256 == read(save(dataset(values, bits=bits))).sha256


@pytest.mark.parametrize("syntax", [uid.JPEGBaseline8Bit, uid.JPEG2000, uid.JPEGLSNearLossless])
def test_lossy_is_near(syntax: str) -> None:
    values = dataset(stored(8), bits=8)
    options = {uid.JPEG2000: {"j2k_psnr": [60.0]}, uid.JPEGLSNearLossless: {"jls_error": 2}}.get(syntax)
    if options is not None:
        values.compress(syntax, generate_instance_uid=False, **options)
    assert np.abs(read(save(values, syntax)).pixels - picture()).max() < 0.02


@pytest.mark.parametrize(
    "elements", [{}, {"WindowCenter": 1500, "WindowWidth": 1800}, {"RescaleSlope": 2, "RescaleIntercept": -100}]
)
def test_monochrome1_twin_reads_equal(elements: dict[str, float]) -> None:
    values = stored(12)
    bright = read(save(dataset(values, bits=12, **elements)))
    mirrored = dict(elements)
    if "WindowCenter" in elements:
        mirrored["WindowCenter"] = 4096 - elements["WindowCenter"]  # LINEAR windows lie half a value off their center
    dark = read(save(dataset(4095 - values, bits=12, photometric="MONOCHROME1", **mirrored)))
    np.testing.assert_allclose(bright.pixels, dark.pixels, atol=1e-6)
    assert bright.flags == dark.flags


def test_depth_twins_agree() -> None:
    pictures = [read(film(bits)).pixels for bits in (8, 12, 16)]
    for one in pictures[1:]:
        np.testing.assert_allclose(one, pictures[0], atol=1 / 255)


def test_overlay_in_unused_bits_is_not_seen() -> None:
    values = stored(12)
    overlaid = values | np.where(np.arange(WIDTH) % 7 == 0, 0xF000, 0).astype(np.uint16)
    assert read(save(dataset(overlaid, bits=12))).sha256 == read(save(dataset(values, bits=12))).sha256


def test_high_bit_on_top() -> None:
    shifted = dataset(stored(12) << 4, bits=12, HighBit=15)
    np.testing.assert_allclose(read(save(shifted)).pixels, read(film(12)).pixels, atol=1e-6)


def test_window_is_applied_in_modality_values() -> None:
    plain = read(film(12, WindowCenter=2048.5, WindowWidth=1001)).pixels
    rescaled = read(film(12, RescaleSlope=2, RescaleIntercept=-1000, WindowCenter=3096.5, WindowWidth=2001)).pixels
    np.testing.assert_allclose(plain, rescaled, atol=2e-3)
    values = stored(12).astype(float)
    np.testing.assert_allclose(plain, np.clip((values - 1548) / 1000, 0, 1), atol=1e-5)


def test_first_of_several_windows() -> None:
    many = read(film(12, WindowCenter=[2048, 900], WindowWidth=[3000, 100]))
    np.testing.assert_array_equal(many.pixels, read(film(12, WindowCenter=2048, WindowWidth=3000)).pixels)


@pytest.mark.parametrize("window", [(90000, 100), (-5000, 10), (2048, 0)])
def test_window_that_shows_nothing_is_left_out(window: tuple[int, int]) -> None:
    radiograph = read(film(12, WindowCenter=window[0], WindowWidth=window[1]))
    assert Flag.TOLERATED_HEADER in radiograph.flags
    np.testing.assert_array_equal(radiograph.pixels, read(film(12)).pixels)


def test_negative_slope_turns_the_film_over() -> None:
    falling = read(save(dataset(4095 - stored(12), bits=12, RescaleSlope=-1, RescaleIntercept=4095)))
    np.testing.assert_allclose(falling.pixels, read(film(12)).pixels, atol=1e-6)


def lut(entries: np.ndarray, *, first: int = 0, bits: int = 16) -> list[Dataset]:
    item = Dataset()
    item.LUTDescriptor = [len(entries) % 65536, first, bits]
    item.LUTData = entries.astype("<u2").tobytes()
    item["LUTDescriptor"].VR, item["LUTData"].VR = "US", "OW"
    return [item]


@pytest.mark.parametrize("sequence", ["VOILUTSequence", "ModalityLUTSequence"])
@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, uid.ImplicitVRLittleEndian])
def test_lut(sequence: str, syntax: str) -> None:
    curve = np.rint(65535 * np.linspace(0, 1, 4096) ** 2)
    radiograph = read(save(dataset(stored(12), bits=12, **{sequence: lut(curve)}), syntax))
    np.testing.assert_allclose(radiograph.pixels, (stored(12) / 4095) ** 2, atol=1e-4)


def test_lut_wins_over_window_and_monochrome1_inverts_its_output() -> None:
    curve = np.linspace(0, 1023, 4096)  # 10 bits out of 12: the inversion must know the output's range
    entries = lut(np.rint(curve), bits=10)
    dark = dataset(4095 - stored(12), bits=12, photometric="MONOCHROME1", VOILUTSequence=entries, WindowCenter=10, WindowWidth=10)
    np.testing.assert_allclose(read(save(dark)).pixels, picture(), atol=2e-3)


def test_broken_lut_is_left_out() -> None:
    items = lut(np.arange(4096))
    items[0].LUTData = items[0].LUTData[:50]
    radiograph = read(film(12, VOILUTSequence=items))
    assert Flag.TOLERATED_HEADER in radiograph.flags


def test_padding_is_black_whatever_the_polarity() -> None:
    values = 4095 - stored(12)
    values[:20] = 0  # would be white, once inverted
    radiograph = read(save(dataset(values, bits=12, photometric="MONOCHROME1", PixelPaddingValue=0)))
    assert radiograph.pixels[:20].max() == 0
    assert Flag.POLARITY_DISAGREES not in radiograph.flags


def test_narrow_raw_film_is_stretched() -> None:
    narrow = read(save(dataset((stored(16) // 40 + 300).astype(np.uint16), bits=16, PresentationIntentType="FOR PROCESSING")))
    assert Flag.FOR_PROCESSING in narrow.flags
    np.testing.assert_allclose(narrow.pixels, picture(), atol=2e-3)


def test_header_decides_polarity_and_corners_may_doubt() -> None:
    wrong = read(save(dataset(stored(12), bits=12, photometric="MONOCHROME1")))
    np.testing.assert_allclose(wrong.pixels, 1 - read(film(12)).pixels, atol=1e-6)
    assert Flag.POLARITY_DISAGREES in wrong.flags


def test_gray_in_color_is_a_color_scan() -> None:
    gray = np.repeat(stored(8)[..., None], 3, axis=2)
    radiograph = read(save(dataset(gray, bits=8, photometric="RGB")))
    assert Flag.COLOR_SCAN in radiograph.flags
    np.testing.assert_allclose(radiograph.pixels, picture(), atol=1 / 255)


def test_color_is_refused() -> None:
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    rainbow = np.stack([x * 2, y * 2, 255 - x - y], axis=2).astype(np.uint8)
    assert refused(save(dataset(rainbow, bits=8, photometric="RGB"))).kind is Kind.COLOR


def test_without_preamble() -> None:
    whole = film(12)
    for start in (132, whole.index(b"\x08\x00\x16\x00")):  # from the meta information, from the data set
        assert read(whole[start:]).sha256 == read(whole).sha256


@pytest.mark.parametrize("syntax", [uid.ImplicitVRLittleEndian, uid.ExplicitVRBigEndian])
def test_bare_data_set(syntax: str) -> None:
    whole = save(dataset(stored(12), bits=12), syntax)
    start = whole.index(b"\x00\x08\x00\x16" if syntax == uid.ExplicitVRBigEndian else b"\x08\x00\x16\x00")
    assert read(whole[start:]).sha256 == read(whole).sha256


def test_one_declared_frame_is_fine_and_more_are_not() -> None:
    assert read(film(12, NumberOfFrames=1)).flags == QUIET
    two = dataset(stored(12), bits=12, NumberOfFrames=2)
    two.PixelData += two.PixelData
    assert refused(save(two)).kind is Kind.UNSUPPORTED


def test_without_pixels() -> None:
    report = Dataset()
    report.SOPClassUID, report.SOPInstanceUID, report.PatientName = uid.ComprehensiveSRStorage, "1.2.3", NAME
    report.file_meta = FileMetaDataset()
    report.file_meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
    error = refused(save(report))
    assert error.kind is Kind.NO_PIXELS
    assert "Comprehensive SR" in str(error)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.99])
@pytest.mark.parametrize("syntax", [*LOSSLESS, "baseline"])
def test_truncated(syntax: str, share: float) -> None:
    bits = 8 if syntax == "baseline" else 12
    whole = save(dataset(stored(bits), bits=bits), LOSSLESS.get(syntax, uid.JPEGBaseline8Bit))
    start = len(whole) - 1000 if syntax == "deflated" else whole.rindex(b"\xe0\x7f\x10\x00") if syntax != "big" else 400
    assert refused(whole[: start + int(share * (len(whole) - start))]).kind is Kind.TRUNCATED


def test_pixel_data_of_another_length() -> None:
    short, long, padded = (dataset(stored(12), bits=12) for _ in range(3))
    short.PixelData = short.PixelData[:-2000]
    long.PixelData *= 2
    padded.PixelData += bytes(100)
    assert refused(save(short)).kind is Kind.TRUNCATED
    assert refused(save(long)).kind is Kind.BAD_PIXELS
    assert Flag.TOLERATED_HEADER in read(save(padded)).flags


def test_unsupported_syntaxes() -> None:
    for syntax in (uid.MPEG2MPML, "1.2.3.4.5"):
        assert refused(encapsulated(stored(12), bytes(100), syntax, bits=12)).kind is Kind.UNSUPPORTED


def test_twelve_bit_jpeg_names_the_missing_decoder() -> None:
    frame = struct.pack(">HHHBHHBBBB", 0xFFD8, 0xFFC1, 11, 12, HEIGHT, WIDTH, 1, 1, 0x11, 0) + bytes(50) + b"\xff\xd9"
    error = refused(encapsulated(stored(12), frame, uid.JPEGExtended12Bit, bits=12))
    assert error.kind is Kind.UNSUPPORTED
    assert "pylibjpeg-libjpeg" in str(error)


def test_bombs() -> None:
    huge = dataset(stored(12), bits=12, Rows=40000, Columns=40000)
    assert refused(save(huge)).kind is Kind.TOO_LARGE
    frame = jpeg(stored(8))
    at = frame.index(b"\xff\xc0")
    inner = frame[: at + 5] + struct.pack(">HH", 40000, 40000) + frame[at + 9 :]
    assert read(encapsulated(stored(8), frame, uid.JPEGBaseline8Bit, bits=8)).flags == QUIET
    assert refused(encapsulated(stored(8), inner, uid.JPEGBaseline8Bit, bits=8)).kind is Kind.BAD_PIXELS


def test_deflated_bomb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("boneage.read.dataset.MAX_INFLATED", 10**6)
    whole = save(dataset(stored(12), bits=12), uid.DeflatedExplicitVRLittleEndian)
    assert read(whole).flags == QUIET
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    start = whole.index(uid.DeflatedExplicitVRLittleEndian.encode()) + len(uid.DeflatedExplicitVRLittleEndian)
    meta_end = 132 + 12 + struct.unpack("<I", whole[140:144])[0]
    assert start < meta_end
    bomb = whole[:meta_end] + packer.compress(bytes(5 * 10**6)) + packer.flush()
    assert refused(bomb).kind is Kind.TOO_LARGE


@pytest.mark.parametrize("shape", [(1, 1), (63, 500)])
def test_too_small(shape: tuple[int, int]) -> None:
    assert refused(save(dataset(np.zeros(shape, np.uint16), bits=12))).kind is Kind.TOO_SMALL


def test_blank() -> None:
    random = np.random.default_rng(5)
    for values in (np.full((100, 100), 7), random.integers(800, 806, (100, 100))):
        assert refused(save(dataset(values.astype(np.uint16), bits=12))).kind is Kind.BLANK


@pytest.mark.parametrize("bad", [{"BitsAllocated": 32, "BitsStored": 32}, {"BitsStored": 1, "HighBit": 0}, {"BitsStored": 20}])
def test_other_depths_are_refused(bad: dict[str, int]) -> None:
    assert refused(film(12, **bad)).kind is Kind.UNSUPPORTED


def test_float_pixels_are_refused() -> None:
    film_ = dataset(stored(12), bits=12, FloatPixelData=np.full((HEIGHT, WIDTH), np.nan, np.float32).tobytes())
    del film_.PixelData
    assert refused(save(film_)).kind is Kind.UNSUPPORTED


def test_identity_is_kept_in_one_field_only() -> None:
    radiograph = read(film(12))
    assert (radiograph.identity.patient_name, radiograph.identity.patient_id) == (NAME, IDENTIFIER)
    shown = repr(radiograph)
    assert "Doe" not in shown
    assert IDENTIFIER not in shown


def test_an_image_without_pixel_data_has_no_pixels() -> None:
    film_ = dataset(stored(12), bits=12)
    del film_.PixelData
    with pytest.raises(BoneAgeError, match="without pixel data") as caught:
        read(save(film_))
    assert caught.value.kind is Kind.NO_PIXELS
