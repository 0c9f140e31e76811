"""Films are fetched from an archive: those of an accession number, or, time and again, those of the last days."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Protocol

from pydicom.dataset import Dataset
from sqlalchemy.exc import SQLAlchemyError

from boneage.errors import BoneAgeError
from boneage.read.quiet import DECODER_ERRORS
from boneage.serve.dicom.asking import Asked, Settle, count_of, may_count
from boneage.serve.dicom.dicomweb import WebArchive
from boneage.serve.dicom.dimse import DimseArchive
from boneage.serve.dicom.entity import ArchiveError
from boneage.serve.intake import Intake
from boneage.serve.mapping import Mapping
from boneage.serve.settings import DicomSource, WebSource
from boneage.serve.store.pulled import Pulled
from boneage.serve.store.records import utc_now

LOGGER = logging.getLogger("boneage.serve.dicom")
LONGEST_PAUSE = timedelta(minutes=10)  # between polls of an archive that is away
FIRST_AGAIN, LONGEST_AGAIN = timedelta(minutes=1), timedelta(hours=1)  # before a film that did not come is asked for again


class Source(Protocol):
    """Where films are fetched from. Each method raises ArchiveError."""

    def studies(self, asked: Asked) -> list[Dataset]:
        """What the archive tells of each study that is meant."""

    def images(self, study: Dataset, may: Callable[[Dataset], bool]) -> list[Dataset]:
        """What it tells of the study's images that may be meant, with what it tells of their series and study."""

    def fetch(self, images: Sequence[Dataset], settle: Settle) -> None:
        """Has them come to the intake; each that need not be asked for again is settled."""


def source_of(settings: DicomSource | WebSource, our_title: str, intake: Intake) -> Source:
    """The archive of these settings. C-MOVE sends to the AE title `our_title`, so the listener must have it."""
    match settings:
        case DicomSource():
            return DimseArchive(settings, our_title, intake)
        case WebSource():
            return WebArchive(settings, intake)


class Puller:
    """Fetches from one archive what the site's mapping counts and what is not here yet."""

    def __init__(
        self,
        settings: DicomSource | WebSource,
        source: Source,
        mapping: Mapping,
        pulled: Pulled,
        *,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self.settings, self.source, self.mapping, self.pulled, self.clock = settings, source, mapping, pulled, clock
        self.last_error = ""  # of the last poll, without identity; empty: it went well
        self._seen: dict[str, int] = {}  # studies that were looked at wholly, with how many instances they had then
        self._again: dict[str, tuple[datetime, timedelta]] = {}  # films that did not come: when they are asked for again

    def poll(self) -> int:
        """Looks through the studies of the last days; how many films came. Raises ArchiveError where the archive is away."""
        today = self.clock().astimezone().date()
        studies = self.source.studies(Asked(days=days_back(today, self.settings.days)))
        self._seen = {uid: self._seen[uid] for study in studies if (uid := _uid(study)) in self._seen}
        self.last_error, came = "", 0
        for study in studies:
            uid, count = _uid(study), count_of(study)
            if count is not None and self._seen.get(uid) == count:
                continue
            try:
                found, complete = self._fetch(study, known_too=True)
            except ArchiveError as error:
                if error.away:
                    raise
                self.last_error = error.came
                continue
            came += found
            if complete and count is not None:
                self._seen[uid] = count
        self._again = {uid: again for uid, again in self._again.items() if again[0] > self.clock() - LONGEST_AGAIN}
        return came

    def ask(self, accession_number: str) -> int:
        """The films of one order, also those that were here once and were forgotten; how many came. Raises BoneAgeError."""
        return sum(self._fetch(study, known_too=False)[0] for study in self.source.studies(Asked(accession_number)))

    def run(self, stop: threading.Event) -> None:
        """Polls until `stop`; an archive that is away is asked less and less often. Never raises."""
        if self.settings.poll_seconds is None:
            return
        failures = 0
        while not stop.is_set():
            try:
                self.poll()
                failures = 0
            except (BoneAgeError, SQLAlchemyError, *DECODER_ERRORS) as error:
                failures += 1
                self.last_error = error.came if isinstance(error, BoneAgeError) else type(error).__name__
                LOGGER.warning("the archive %s cannot be asked: %s", self.settings.name, self.last_error)
            stop.wait(pause(self.settings.poll_seconds, failures))

    def _fetch(self, study: Dataset, *, known_too: bool) -> tuple[int, bool]:
        """How many films of a study came, and whether none is left to be asked for."""
        if not self._may(study):
            return 0, True
        images = {str(image.SOPInstanceUID): image for image in self.source.images(study, self._may)}
        before = self.pulled.here(images)
        wanted = images.keys() - before
        if known_too:
            wanted -= self.pulled.known(self.settings.name, images)
        now = self.clock()
        due = [image for uid, image in images.items() if uid in wanted and (not known_too or self._due(uid, now))]
        settled = set(before)
        try:
            if due:
                self.source.fetch(due, settled.add)
        finally:
            came = self.pulled.here(images)
            settled |= came
            self.pulled.remember(self.settings.name, settled)
            for image in due:
                self._look_back(str(image.SOPInstanceUID), settled, now)
        return len(came - before), wanted <= settled

    def _may(self, answer: Dataset) -> bool:
        return may_count(self.mapping, answer)

    def _due(self, uid: str, now: datetime) -> bool:
        return uid not in self._again or self._again[uid][0] <= now

    def _look_back(self, uid: str, settled: set[str], now: datetime) -> None:
        if uid in settled:
            self._again.pop(uid, None)
            return
        again = min(2 * self._again[uid][1], LONGEST_AGAIN) if uid in self._again else FIRST_AGAIN
        self._again[uid] = (now + again, again)


def pause(poll_seconds: float, failures: int) -> float:
    """Seconds before the next poll."""
    longest = max(poll_seconds, LONGEST_PAUSE.total_seconds())
    return min(poll_seconds * float(2 ** min(failures, 20)), longest)


def days_back(today: date, days: int) -> tuple[date, date]:
    """From that many days back until tomorrow, for clocks differ."""
    return today - timedelta(days), today + timedelta(1)


def _uid(study: Dataset) -> str:
    return str(study.get("StudyInstanceUID", ""))
