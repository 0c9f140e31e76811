"""Phantoms as files read back as what they are."""

from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.uid import ComputedRadiographyImageStorage, DigitalXRayImageStorageForPresentation

from boneage.phantom import Phantom, Pose, draw, write_dicom, write_jpeg, write_png
from boneage.types import Sex, Side


@pytest.fixture(scope="module")
def phantom() -> Phantom:
    return draw(101, Sex.MALE, seed=5, size=(640, 480), pose=Pose(side=Side.RIGHT))


@pytest.mark.parametrize("bits", [8, 16])
def test_png_keeps_the_pixels(phantom: Phantom, tmp_path: Path, bits: int) -> None:
    with Image.open(write_png(phantom, tmp_path / "hand.png", bits=bits)) as image:
        values = np.asarray(image) / (2**bits - 1)
    np.testing.assert_allclose(values, phantom.pixels, atol=0.51 / (2**bits - 1))


def test_jpeg_nearly_keeps_the_pixels(phantom: Phantom, tmp_path: Path) -> None:
    with Image.open(write_jpeg(phantom, tmp_path / "hand.jpg")) as image:
        assert image.format == "JPEG"
        assert image.mode == "L"
        assert np.abs(np.asarray(image) / 255 - phantom.pixels).mean() < 0.02


@pytest.mark.parametrize("modality", ["DX", "CR"])
def test_dicom_says_who_what_and_how_large(phantom: Phantom, tmp_path: Path, modality: str) -> None:
    file = pydicom.dcmread(write_dicom(phantom, tmp_path / "hand.dcm", modality=modality))
    storage = DigitalXRayImageStorageForPresentation if modality == "DX" else ComputedRadiographyImageStorage
    assert file.SOPClassUID == file.file_meta.MediaStorageSOPClassUID == storage
    assert file.Modality == modality
    assert file.BodyPartExamined == "HAND"
    assert "PHANTOM" in str(file.PatientName)
    assert file.PatientID.startswith("PHANTOM")
    assert file.PatientSex == "M"
    assert file.PatientAge == "101M"
    assert (file.ImageLaterality if modality == "DX" else file.Laterality) == "R"
    assert [float(v) for v in file.ImagerPixelSpacing] == pytest.approx([phantom.spacing_mm] * 2, rel=1e-4)
    assert (file.Rows, file.Columns) == phantom.size


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
@pytest.mark.parametrize("monochrome1", [False, True])
def test_dicom_pixels_come_back(phantom: Phantom, tmp_path: Path, bits: int, monochrome1: bool) -> None:
    file = pydicom.dcmread(write_dicom(phantom, tmp_path / "hand.dcm", bits=bits, monochrome1=monochrome1))
    assert file.PhotometricInterpretation == ("MONOCHROME1" if monochrome1 else "MONOCHROME2")
    values = file.pixel_array / (2**bits - 1)
    np.testing.assert_allclose(1 - values if monochrome1 else values, phantom.pixels, atol=0.51 / (2**bits - 1))


def test_same_phantom_same_file_to_the_bit(phantom: Phantom, tmp_path: Path) -> None:
    first, second = (write_dicom(phantom, tmp_path / name) for name in ("a.dcm", "b.dcm"))
    assert first.read_bytes() == second.read_bytes()


def test_a_childs_own_age_may_differ_from_the_bones(phantom: Phantom, tmp_path: Path) -> None:
    file = pydicom.dcmread(write_dicom(phantom, tmp_path / "hand.dcm", chronological_age_months=120))
    assert file.PatientAge == "120M"
    assert file.PatientBirthDate.startswith("2010")
