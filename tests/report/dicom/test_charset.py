"""Names survive in the film's own character set; where it does not hold what the report says, the report is in UTF-8."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from io import BytesIO

import pytest
from pydicom import dcmread

from boneage.report.dicom import film_header, structured_report, to_bytes
from boneage.report.dicom.charset import holds
from boneage.report.reading import Reading, Status

NAMES = [
    ("ISO_IR 192", "Wang^XiaoDong=王^小东"),
    ("GB18030", "Wang^XiaoDong=王^小东"),
    ("GB18030", "Cheng^Xu=誠^乗俕"),  # their second bytes are those of a backslash and of a caret
    ("GBK", "Wang^XiaoDong=王^小东"),
    (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎=やまだ^たろう"),
    (["ISO 2022 IR 13", "ISO 2022 IR 87"], "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう"),
    ("ISO_IR 192", "Yamada^Tarou=山田\u3000^太郎"),  # a wide space
    (["", "ISO 2022 IR 149"], "Hong^Gildong=洪^吉洞=홍^길동"),
    ("ISO_IR 100", "Buc^Jérôme"),
    ("ISO_IR 144", "Люкceмбypг^"),
    ("ISO_IR 166", "x^นามสกุล"),
]


@pytest.mark.parametrize(("terms", "name"), NAMES)
def test_names_survive_in_the_films_set(
    terms: str | list[str], name: str, film: Callable[..., bytes], reading: Callable[..., Reading]
) -> None:
    data = film(SpecificCharacterSet=terms, PatientName=name)
    header = film_header(data)
    report = dcmread(BytesIO(to_bytes(structured_report(reading(header), header))))
    assert str(report.PatientName) == str(header.PatientName) == name
    assert report.SpecificCharacterSet == terms
    stored = dcmread(BytesIO(data)).get_item("PatientName").value
    assert report.get_item("PatientName") is not None
    assert to_bytes(structured_report(reading(header), header)).count(stored.rstrip()) == 1  # byte for byte


@pytest.mark.parametrize(("terms", "name"), NAMES)
def test_utf_8_where_the_set_does_not_hold_the_reader(
    terms: str | list[str], name: str, film: Callable[..., bytes], reading: Callable[..., Reading]
) -> None:
    header = film_header(film(SpecificCharacterSet=terms, PatientName=name))
    signed = reading(header, status=Status.SIGNED)
    assert signed.decision is not None
    signed = replace(signed, decision=replace(signed.decision, reader="Ωmega^Жanna", reason="骨龄 é ß"))
    report = dcmread(BytesIO(to_bytes(structured_report(signed, header))))
    assert str(report.PatientName) == name
    assert str(report.VerifyingObserverSequence[0].VerifyingObserverName) == "Ωmega^Жanna"
    assert report.SpecificCharacterSet == (terms if terms == "GB18030" else "ISO_IR 192")


def test_a_set_that_pydicom_cannot_write_is_not_kept(film: Callable[..., bytes], reading: Callable[..., Reading]) -> None:
    """It leaves out the escape of ISO 2022 IR 58, so nobody could read the name."""
    data = film(SpecificCharacterSet=["", "ISO 2022 IR 58"], PatientName="NAME")
    stored = b"Zhang^X=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab "
    at = data.index(b"PN\x04\x00NAME")
    header = film_header(data[:at] + b"PN" + len(stored).to_bytes(2, "little") + stored + data[at + 8 :])
    report = dcmread(BytesIO(to_bytes(structured_report(reading(header), header))))
    assert str(report.PatientName) == "Zhang^X=张^小东"
    assert report.SpecificCharacterSet == "ISO_IR 192"


def test_undeclared_bytes_stay_and_are_declared(film: Callable[..., bytes], reading: Callable[..., Reading]) -> None:
    data = film(SpecificCharacterSet=None, PatientName="Buc^J_r").replace(b"Buc^J_r", b"Buc^J\xe9r")
    header = film_header(data)
    written = to_bytes(structured_report(reading(header), header))
    assert b"Buc^J\xe9r" in written
    assert dcmread(BytesIO(written)).SpecificCharacterSet == "ISO_IR 100"
    plain = film_header(film(SpecificCharacterSet=None))
    assert "SpecificCharacterSet" not in structured_report(reading(plain), plain)


def test_what_a_set_holds() -> None:
    assert holds((), "plain")
    assert not holds((), "é")
    assert not holds(("", "ISO 2022 IR 87"), "é")
    assert holds(("", "ISO 2022 IR 87"), "骨")
    assert holds(("ISO_IR 100",), "é")
    assert not holds(("ISO_IR 100",), "骨")
    assert not holds(("ISO_IR 13",), "a~b")
