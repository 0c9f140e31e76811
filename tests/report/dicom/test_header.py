"""What the reports take over from a film's header: all that identifies, as it came; nothing that is broken."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import SecondaryCaptureImageStorage

from boneage.errors import BoneAgeError, Kind
from boneage.phantom import Phantom, write_png
from boneage.read import read
from boneage.report.dicom import film_header, structured_report, to_bytes
from boneage.report.reading import Reading

Film = Callable[..., bytes]


def test_no_pixels_and_all_that_identifies(film: Film) -> None:
    header = film_header(film(AccessionNumber="A1", IssuerOfPatientID="Clinic", InstitutionName="Clinic of\nExample"))
    assert "PixelData" not in header
    assert (header.PatientName, header.PatientID, header.IssuerOfPatientID) == ("PHANTOM^SYNTHETIC HAND", "PHANTOM-3", "Clinic")
    assert (header.AccessionNumber, header.InstitutionName) == ("A1", "Clinic of Example")
    assert (header.Rows, header.Columns) == (1000, 750)


@pytest.mark.parametrize("keyword", ["PatientID", "AccessionNumber", "PatientName"])
def test_what_identifies_is_never_shortened(keyword: str, film: Film, reading: Callable[..., Reading]) -> None:
    header = film_header(film(**{keyword: "X" * 80}))
    report = structured_report(reading(header), header)
    assert report[keyword].value == "X" * 80
    to_bytes(report)


def test_what_is_broken_is_left_out(film: Film, reading: Callable[..., Reading]) -> None:
    broken = {
        "PatientBirthDate": "unknown",
        "StudyTime": "noon",
        "PatientSex": "?",
        "PatientAge": "12",
        "PatientSize": "180",
        "PatientOrientation": ["up", "down"],
        "WindowWidth": "0",
        "LossyImageCompression": "maybe",
        "StudyDescription": "hand\\left\x1b",
    }
    header = film_header(film(**broken))
    assert (header.PatientBirthDate, header.StudyTime, header.PatientSex) == ("", "", "")
    for keyword in ("PatientAge", "PatientSize", "PatientOrientation", "WindowWidth", "LossyImageCompression"):
        assert keyword not in header
    assert header.StudyDescription == "hand"
    to_bytes(structured_report(reading(header), header))


def test_broken_private_elements_do_no_harm(
    film: Film, reading: Callable[..., Reading], dciodvfy: Callable[[Dataset], list[str]]
) -> None:
    whole = film()
    private = b"\x09\x00\x10\x00LO\x04\x00ACME" + b"\x09\x00\x01\x10DS\x04\x00oops" + b"\x09\x00\x02\x10DA\x08\x0099999999"
    at = whole.index(b"\x10\x00\x10\x00PN")  # the patient's name, the first element of its group
    header = film_header(whole[:at] + private + whole[at:])
    assert header == film_header(whole)
    assert dciodvfy(structured_report(reading(header), header)) == []


def test_implicit_and_explicit_films_have_one_header(film: Film) -> None:
    assert film_header(film(implicit=True)) == film_header(film())


def test_the_order_comes_along(film: Film, reading: Callable[..., Reading]) -> None:
    asked, issuer = Dataset(), Dataset()
    asked.RequestedProcedureID, asked.RequestedProcedureDescription = "RP1", "XR hand, bone age"
    issuer.LocalNamespaceEntityID = "RIS"
    data = film(AccessionNumber="A1", RequestAttributesSequence=[asked], IssuerOfAccessionNumberSequence=[issuer])
    header = film_header(data)
    [item] = structured_report(reading(header), header).ReferencedRequestSequence
    assert (item.AccessionNumber, item.RequestedProcedureID) == ("A1", "RP1")
    assert header.IssuerOfAccessionNumberSequence[0].LocalNamespaceEntityID == "RIS"
    plain = film_header(film())
    assert "ReferencedRequestSequence" not in structured_report(reading(plain), plain)


def test_a_film_that_is_not_dicom_gets_no_report_in_dicom(girl: Phantom, tmp_path: object) -> None:
    from pathlib import Path

    data = write_png(girl, Path(str(tmp_path)) / "a.png").read_bytes()
    with pytest.raises(BoneAgeError, match="a film in DICOM") as caught:
        film_header(data)
    assert caught.value.kind is Kind.UNSUPPORTED


@pytest.mark.parametrize("keyword", ["StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID"])
def test_without_its_uids_no_film_can_be_named(keyword: str, film: Film) -> None:
    with pytest.raises(BoneAgeError, match=keyword):
        film_header(film(**{keyword: ""}))
    with pytest.raises(BoneAgeError, match=keyword):
        film_header(film(**{keyword: "Doe^Jane"}))


def test_what_is_no_image_is_refused(film: Film) -> None:
    with pytest.raises(BoneAgeError) as caught:
        film_header(film(SOPClassUID="1.2.840.10008.5.1.4.1.1.88.33"))
    assert caught.value.kind is Kind.UNSUPPORTED


def test_a_film_whose_pixels_cannot_be_read_still_has_a_header(film: Film, reading: Callable[..., Reading]) -> None:
    header = film_header(film(NumberOfFrames=7))
    assert "Rows" not in header
    to_bytes(structured_report(reading(header), header))


def test_gray_steps_are_those_that_the_film_is_read_with(film: Film) -> None:
    table = Dataset()
    table.LUTDescriptor, table.LUTData = [4096, 0, 12], np.arange(4096, dtype="<u2").tobytes()
    table["LUTDescriptor"].VR, table["LUTData"].VR = "US", "OW"
    header = film_header(film(VOILUTSequence=[table], RescaleSlope="2", RescaleIntercept="-5"))
    assert "WindowCenter" not in header  # a table goes before a window
    assert list(header.VOILUTSequence[0].LUTDescriptor) == [4096, 0, 12]
    assert (header.RescaleSlope, header.RescaleIntercept) == (2, -5)


def test_color_films_have_a_header(film: Film, tmp_path: object) -> None:
    data = film(modality="OT")
    from io import BytesIO

    dataset = dcmread(BytesIO(data))
    gray = (dataset.pixel_array >> 4).astype(np.uint8)
    dataset.PixelData = np.repeat(gray[..., None], 3, axis=2).tobytes()
    dataset["PixelData"].VR = "OB"
    dataset.SamplesPerPixel, dataset.PlanarConfiguration, dataset.PhotometricInterpretation = 3, 0, "RGB"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 8, 8, 7
    file = BytesIO()
    dataset.save_as(file)
    header = film_header(file.getvalue())
    assert header.SOPClassUID == SecondaryCaptureImageStorage
    assert header.PhotometricInterpretation == "RGB"
    assert read(file.getvalue()).size == (header.Rows, header.Columns)
