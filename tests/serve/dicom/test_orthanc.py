"""With a real archive: a study that lies in it is read, and its report and capture are back in it."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import JPEG2000Lossless, SecondaryCaptureImageStorage, generate_uid

from boneage.phantom import Phantom, write_dicom
from boneage.report.dicom import MARKS, OVERLAY, REJECTION, REPORT
from boneage.report.reading import Reading
from boneage.serve.decisions import Choice
from boneage.serve.dicom.entity import ArchiveError
from boneage.serve.dicom.network import Network
from boneage.serve.settings import CStore, DicomSource, Listener, Send, Settings, Stow, WebSource
from boneage.serve.site import Site, open_site
from boneage.serve.states import Origin, State
from boneage.serve.store.records import Film, Handover, Role, User
from boneage.serve.store.worklist import Wanted

ALL = Wanted(states=frozenset(State))
THE_DAY = datetime(2020, 6, 15, 12, tzinfo=UTC)  # of all phantoms' studies
GRETA = User("greta", "Holm^Greta", Role.READER)
Open = Callable[..., tuple[Site, Network]]


@pytest.fixture
def open_network(tmp_path: Path, orthanc: Any) -> Iterator[Open]:
    """A site beside the archive, its listener started; senders and pollers are stepped by the test."""
    with ExitStack() as stack:

        def opened(
            out: str = "c-store", by: str = "c-get", send: Send = Send.ON_READ, make: Any = None, **more: Any
        ) -> tuple[Site, Network]:
            at: dict[str, Any] = {"ae_title": "ORTHANC", "host": "127.0.0.1", "port": orthanc.dicom}
            web = f"{orthanc.url}/dicom-web"
            settings = Settings(
                folder=tmp_path / "site",
                send=send,
                listener=Listener(port=orthanc.our_port, accepted=("ORTHANC",)),
                destinations=(
                    CStore(kind="c-store", name="archive", **at, **more)
                    if out == "c-store"
                    else Stow(kind="stow", name="archive", url=web, **more),
                ),
                sources=(
                    WebSource(kind="dicomweb", name="archive", url=web)
                    if by == "dicomweb"
                    else DicomSource.model_validate({"kind": "dimse", "name": "archive", "by": by, **at}),
                ),
            )
            site = open_site(settings)
            stack.callback(site.engine.dispose)
            network = Network(site, make and partial(make, site))
            network.pullers["archive"].clock = lambda: THE_DAY
            assert network.listener is not None
            network.listener.start()
            stack.callback(network.listener.stop)
            return site, network

        yield opened


@pytest.fixture
def hand(girl: Phantom, tmp_path: Path) -> Callable[..., bytes]:
    """A phantom's film as a file, each another instance."""

    def make(**elements: Any) -> bytes:
        path = write_dicom(girl, tmp_path / "hand.dcm", chronological_age_months=110)
        film = dcmread(path)
        syntax = elements.pop("syntax", None)
        film.SOPInstanceUID = film.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        for keyword, value in elements.items():
            setattr(film, keyword, value)
        if syntax:
            film.compress(syntax, generate_instance_uid=False)
        file = io.BytesIO()
        film.save_as(file, enforce_file_format=True)
        return file.getvalue()

    return make


def deliver(network: Network) -> None:
    while network.senders["archive"].step():
        pass


def waited(condition: Callable[[], Any]) -> Any:
    """The condition's value once it holds, at most for a while."""
    end = time.monotonic() + 30
    while not (found := condition()) and time.monotonic() < end:
        time.sleep(0.05)
    return found


def instances(orthanc: Any, sop_class: str) -> list[bytes]:
    return [orthanc.file(one["ID"]) for one in orthanc.find(SOPClassUID=sop_class)]


@pytest.mark.parametrize(("way", "out"), [("sent", "c-store"), ("c-get", "stow"), ("c-move", "c-store"), ("dicomweb", "stow")])
def test_a_study_in_the_archive_is_read_and_its_reports_are_back(
    way: str,
    out: str,
    open_network: Open,
    orthanc: Any,
    hand: Callable[..., bytes],
    dciodvfy: Callable[[bytes], list[str]],
    sr_validator: Callable[[bytes], str],
) -> None:
    site, network = open_network(out, "c-get" if way == "sent" else way)
    film = hand(AccessionNumber="A-17")
    name = orthanc.put(film)
    if way == "sent":
        orthanc.send(name)
    else:
        assert network.pullers["archive"].ask("A-17") == 1
    (line,), _ = site.worklist.page(ALL)
    assert line.origin is (Origin.STORED if way == "sent" else Origin.PULLED)
    assert site.worker.step()
    deliver(network)
    assert {one.last_error for one in site.outbox.of(line.id)} == {""}
    (report,) = instances(orthanc, REPORT.sop_class)
    (capture,) = instances(orthanc, OVERLAY.sop_class)
    first = dcmread(io.BytesIO(report))
    assert (first.VerificationFlag, first.StudyInstanceUID) == ("UNVERIFIED", dcmread(io.BytesIO(film)).StudyInstanceUID)
    assert dciodvfy(report) == []
    assert dciodvfy(capture) == []

    line = site.worklist.film(line.id)
    assert line is not None
    assert line.reading_uid == first.SOPInstanceUID
    site.desk.sign(line, Choice(line.reading_uid, months=101.0), GRETA)
    deliver(network)
    assert {one.last_error for one in site.outbox.of(line.id)} == {""}
    reports = [dcmread(io.BytesIO(one)) for one in instances(orthanc, REPORT.sop_class)]
    (signed,) = [one for one in reports if one.VerificationFlag == "VERIFIED"]
    assert len(reports) == 2
    named = signed.PredecessorDocumentsSequence[0].ReferencedSeriesSequence[0].ReferencedSOPSequence[0]
    assert named.ReferencedSOPInstanceUID == first.SOPInstanceUID
    (data,) = [one for one in instances(orthanc, REPORT.sop_class) if dcmread(io.BytesIO(one)).VerificationFlag == "VERIFIED"]
    assert dciodvfy(data) == []
    if way in ("sent", "dicomweb"):  # seconds of Java: once for each status, and for each way back
        said = sr_validator(report if way == "sent" else data)
        assert "Found Root Template TID_1500" in said
        assert "Error" not in said
        assert "Warning" not in said
    assert site.outbox.counts()[Handover.DONE] == 4

    assert network.pullers["archive"].poll() == 0  # our own captures are no films
    assert site.worklist.page(ALL)[1] == 1


@pytest.mark.parametrize("by", ["c-get", "c-move", "dicomweb"])
def test_a_poll_fetches_what_counts_and_only_once(by: str, open_network: Open, orthanc: Any, hand: Callable[..., bytes]) -> None:
    site, network = open_network(by=by)
    puller = network.pullers["archive"]
    assert puller.poll() == 0
    study, series = generate_uid(), generate_uid()
    orthanc.put(hand(StudyInstanceUID=study, SeriesInstanceUID=series))
    for other in ({"BodyPartExamined": "CHEST"}, {"Modality": "CT"}, {"StudyDate": "20200610"}):
        orthanc.put(hand(StudyInstanceUID=generate_uid(), SeriesInstanceUID=generate_uid(), **other))
    assert puller.poll() == 1
    assert puller.poll() == 0
    orthanc.put(hand(StudyInstanceUID=study, SeriesInstanceUID=generate_uid()))  # the study grows
    orthanc.put(hand(StudyInstanceUID=study, SeriesInstanceUID=series))
    assert puller.poll() == 2
    assert puller.poll() == 0
    films, count = site.worklist.page(ALL)
    assert count == 3
    assert {film.origin for film in films} == {Origin.PULLED}
    assert {film.identity.study_uid for film in films} == {study}


@pytest.mark.parametrize("by", ["c-get", "dicomweb"])
def test_a_compressed_film_comes_as_it_is_stored(by: str, open_network: Open, orthanc: Any, hand: Callable[..., bytes]) -> None:
    site, network = open_network(by=by)
    sent = hand(syntax=JPEG2000Lossless)
    orthanc.put(sent)
    assert network.pullers["archive"].poll() == 1
    kept = dcmread(io.BytesIO(site.spool.read(site.worklist.page(ALL)[0][0].file)))
    assert kept.file_meta.TransferSyntaxUID == JPEG2000Lossless
    assert kept.PixelData == dcmread(io.BytesIO(sent)).PixelData


@pytest.mark.parametrize("by", ["c-get", "c-move", "dicomweb"])
def test_an_archive_that_is_away_is_told_and_asked_again(
    by: str, open_network: Open, orthanc: Any, hand: Callable[..., bytes]
) -> None:
    _, network = open_network(by=by)
    puller = network.pullers["archive"]
    orthanc.put(hand(AccessionNumber="A-18"))
    orthanc.stop()
    for ask in (puller.poll, lambda: puller.ask("A-18")):
        with pytest.raises(ArchiveError) as told:
            ask()
        assert told.value.away
        assert "A-18" not in str(told.value)
    orthanc.start()
    assert puller.poll() == 1


def test_a_listener_that_the_archive_does_not_know_is_told(open_network: Open, orthanc: Any, hand: Callable[..., bytes]) -> None:
    _, network = open_network(by="c-move")
    source: Any = network.pullers["archive"].source
    source.our_title = "NOBODY"
    orthanc.put(hand())
    network.pullers["archive"].poll()
    assert "status" in network.pullers["archive"].last_error or "listener" in network.pullers["archive"].last_error


def plates(site: Site, film: Film, reading: Reading, what: str) -> Sequence[Dataset]:
    """Instead of a report, a capture that takes a moment to send."""
    one = dcmread(io.BytesIO(site.spool.read(film.file)), stop_before_pixels=True)
    one.SOPClassUID = one.file_meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    one.SOPInstanceUID = one.file_meta.MediaStorageSOPInstanceUID = reading.uid
    one.Rows = one.Columns = 1024
    one.BitsAllocated = one.BitsStored = 16
    one.HighBit, one.PixelData = 15, bytes(2 * 2**20)
    one["PixelData"].VR = "OW"
    return [one]


@pytest.mark.parametrize("out", ["c-store", "stow"])
def test_reports_outlast_an_archive_that_stops_while_they_are_sent(
    out: str,
    open_network: Open,
    orthanc: Any,
    hand: Callable[..., bytes],
    reading: Callable[..., Reading],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("boneage.serve.dicom.sender.FIRST_PROBE", 0.2)
    site, network = open_network(out, make=plates)
    count = 12
    uids = []
    for _ in range(count):
        site.intake.take(hand(StudyInstanceUID=generate_uid()), origin=Origin.STORED, sender="ORTHANC")
        line = site.worklist.claim()
        assert line is not None
        made = replace(reading(), identity=line.identity)
        uids.append(made.uid)
        site.worklist.answer(line, made, [errand for errand in _errands(site) if errand.what == "sc"])
    sender = network.senders["archive"]
    sender._pause = 0.2
    stop = threading.Event()
    thread = threading.Thread(target=sender.run, args=(stop,))
    thread.start()
    try:
        assert waited(lambda: site.outbox.counts()[Handover.DONE] >= 2)
        orthanc.process.kill()
        orthanc.process.wait(30)
        assert waited(lambda: sender.away)
        assert site.outbox.counts()[Handover.DUE] > 0
        orthanc.start()
        assert waited(lambda: site.outbox.counts()[Handover.DONE] == count)
    finally:
        stop.set()
        thread.join(30)
    there = [one["MainDicomTags"]["SOPInstanceUID"] for one in orthanc.find(SOPClassUID=SecondaryCaptureImageStorage)]
    assert sorted(there) == sorted(uids)  # each once


def _errands(site: Site) -> Any:
    from boneage.serve.worker import errands_of

    return errands_of(site.settings.destinations)


def rejected(note: Dataset) -> set[str]:
    return {
        one.ReferencedSOPInstanceUID
        for study in note.CurrentRequestedProcedureEvidenceSequence
        for series in study.ReferencedSeriesSequence
        for one in series.ReferencedSOPSequence
    }


@pytest.mark.parametrize("out", ["c-store", "stow"])
def test_what_an_amendment_and_a_withdrawal_take_back_is_named_by_a_note(
    out: str, open_network: Open, orthanc: Any, hand: Callable[..., bytes], dciodvfy: Callable[[bytes], list[str]]
) -> None:
    kinds: tuple[Any, ...] = ("sr", "sc", "gsps")
    site, network = open_network(out, rejection_notes=True, formats=kinds)
    site.intake.take(hand(), origin=Origin.STORED, sender="ORTHANC")
    assert site.worker.step()
    deliver(network)
    versions = []

    def decide(how: Callable[..., Reading], **said: Any) -> None:
        (line,), _ = site.worklist.page(ALL)
        versions.append(line.reading_uid)
        assert line.reading_uid is not None
        how(line, Choice(line.reading_uid, **said), GRETA)
        deliver(network)

    def there(*uids: Any) -> set[str]:
        return {series.instance_uid(uid) for uid in uids for series in (REPORT, OVERLAY, MARKS)}

    decide(site.desk.sign, months=101.0)
    assert instances(orthanc, REJECTION.sop_class) == []  # nothing was wrong
    decide(site.desk.amend, months=120.0, reason="the other hand")
    (data,) = instances(orthanc, REJECTION.sop_class)
    note = dcmread(io.BytesIO(data))
    assert rejected(note) == there(*versions)  # the unverified and the signed one, all three kinds of each
    assert note.ConceptNameCodeSequence[0].CodeValue == "113037"
    assert dciodvfy(data) == []
    decide(site.desk.withdraw, reason="another child's film")
    files = instances(orthanc, REJECTION.sop_class)
    (last,) = [one for one in files if one != data]
    assert rejected(dcmread(io.BytesIO(last))) == there(*versions)
    assert dciodvfy(last) == []
    (line,), _ = site.worklist.page(ALL)
    assert {one.last_error for one in site.outbox.of(line.id)} == {""}
    kept = {one["MainDicomTags"]["SOPInstanceUID"] for one in orthanc.find(StudyInstanceUID=note.StudyInstanceUID)}
    assert there(*versions, line.reading_uid) < kept
