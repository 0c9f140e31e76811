"""The conformance statement says what the code does."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydicom.sr.coding import Code
from pydicom.uid import UID
from pynetdicom import AE
from pynetdicom.status import STORAGE_SERVICE_CLASS_STATUS

import boneage
from boneage.phantom import Phantom, write_dicom
from boneage.report.dicom import MAPS, MARKS, OVERLAY, REJECTION, REPORT, codes, film_header, structured_report
from boneage.report.dicom.instance import MANUFACTURER, MODEL
from boneage.report.reading import Decision, Reading
from boneage.serve.dicom import entity, listener, tls
from boneage.serve.dicom.archives import TAKEN
from boneage.serve.dicom.asking import SERIES_KEYS, STUDY_KEYS
from boneage.serve.dicom.kinds import FILMS, SYNTAXES
from boneage.serve.dicom.taking import MOST_BYTES, Store
from boneage.serve.mapping import OURS
from boneage.serve.settings import CStore, Listener
from boneage.types import Identity

STATEMENT = Path(boneage.__file__).parents[2] / "docs" / "dicom-conformance.md"


@pytest.fixture(scope="module")
def text() -> str:
    if not STATEMENT.is_file():
        pytest.skip("the conformance statement is not part of an installed package")
    return STATEMENT.read_text()


def table(text: str, name: str) -> list[list[str]]:
    """The rows of the table behind a mark, without its head."""
    found = re.search(rf"<!-- {name} -->\n((?:\|.*\n)+)", text)
    assert found is not None
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in found[1].splitlines()[2:]]


def test_storage_classes_and_syntaxes(text: str) -> None:
    assert table(text, "films") == [[uid.name, str(uid)] for uid in FILMS]
    assert table(text, "syntaxes") == [[uid.name, str(uid)] for uid in SYNTAXES]


def test_statuses(text: str) -> None:
    rows = table(text, "statuses")
    assert [row[0] for row in rows] == [f"0x{one:04X}" for one in Store]
    for code, meaning, _ in rows[1:]:
        assert meaning in STORAGE_SERVICE_CLASS_STATUS[int(code, 16)][1].lower().replace("sop class", "SOP class")
    assert f"more than {MOST_BYTES // 2**20} MiB" in text
    for status in TAKEN:
        assert f"0x{status:04X}" in text


def test_what_is_sent(text: str) -> None:
    formats = CStore.model_fields["formats"].annotation.__args__[0].__args__  # type: ignore[union-attr]
    series = {"sr": REPORT, "sc": OVERLAY, "gsps": MARKS, "map": MAPS}
    assert set(formats) == set(series)
    wanted = [[f"`{name}`", UID(one.sop_class).name, one.sop_class, str(one.number)] for name, one in series.items()]
    assert table(text, "results") == wanted
    assert table(text, "notes") == [[UID(REJECTION.sop_class).name, REJECTION.sop_class, str(REJECTION.number)]]
    assert f"`{MANUFACTURER}`" in text
    assert (MANUFACTURER, MODEL) == OURS


def test_query_keys(text: str) -> None:
    study, series, image = table(text, "keys")
    assert study[2] == ", ".join((*STUDY_KEYS, "StudyInstanceUID"))
    assert series[2] == ", ".join((*SERIES_KEYS, "SeriesInstanceUID"))
    assert image[2].startswith("SOPClassUID, InstanceNumber, SOPInstanceUID")


def test_association_limits(text: str) -> None:
    ours = AE()
    for fact in (
        f"{ours.implementation_class_uid}, {ours.implementation_version_name}",
        f"{entity.PDU_BYTES} bytes",
        f"more than {listener.MOST_PDU_BYTES}\nbytes",
        f"| {listener.HELLO_SECONDS:.0f} s |",
        f"{entity.IDLE_SECONDS:.0f} s, then it is aborted | {entity.ANSWER_SECONDS:.0f} s for each answer",
        f"| {entity.CONNECT_SECONDS:.0f} s |",
        f"`{Listener().ae_title}`, `{Listener().host}`, {Listener().port}, nobody, {Listener().associations}",
    ):
        assert fact in text


def test_security(text: str) -> None:
    assert tls.LEAST is ssl.TLSVersion.TLSv1_2
    assert tls.SUITES.split(":") == ["ECDHE+AESGCM", "@SECLEVEL=2"]
    for fact in ("TLS 1.2 and 1.3;", "ECDHE with RSA or ECDSA, AES 128 or 256 in GCM", "security level 2"):
        assert fact in text
    assert f"| time for the handshake | {listener.HELLO_SECONDS:.0f} s |" in text


def own_codes() -> Iterator[Code]:
    """What report/dicom/codes.py names."""
    for name, value in vars(codes).items():
        if name.isupper():
            yield from [value] if isinstance(value, Code) else value.values() if isinstance(value, dict) else []


def test_codes(text: str) -> None:
    wanted = [[one.value, one.scheme_designator, one.meaning] for one in own_codes() if one.scheme_designator != "UCUM"]
    assert table(text, "codes") == wanted, "\n".join(f"| {' | '.join(row)} |" for row in wanted)


def concepts(item: Any) -> Iterator[tuple[str, str, str]]:
    """Of a content item and all below."""
    if "ConceptNameCodeSequence" in item:
        name = item.ConceptNameCodeSequence[0]
        yield name.CodeValue, name.CodingSchemeDesignator, name.CodeMeaning
    for one in item.get("ContentSequence", []):
        yield from concepts(one)


@pytest.mark.parametrize("signed", [False, True])
def test_every_concept_of_a_report_is_told(
    text: str, signed: bool, girl: Phantom, reading: Callable[..., Reading], tmp_path: Path
) -> None:
    film = write_dicom(girl, tmp_path / "film.dcm").read_bytes()
    header = film_header(film)
    who = Identity(study_uid=header.StudyInstanceUID, sop_uid=header.SOPInstanceUID, series_uid=header.SeriesInstanceUID)
    at = datetime(2026, 11, 21, tzinfo=UTC)
    decision = Decision("Holm^Greta", at, 118.0, 120.0, "epiphyses") if signed else None
    report = structured_report(reading(identity=who, decision=decision), header)
    rows = {tuple(row) for row in table(text, "codes")}
    found = set(concepts(report))
    assert len(found) > 20
    for one in found - rows:
        assert f'({one[0]}, {one[1]}, "{one[2]}")' in text
