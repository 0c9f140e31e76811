"""The outbox's runner: makes each report that is due and gives it to its archive, until the archive says that it has it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pydicom.dataset import Dataset
from sqlalchemy.exc import SQLAlchemyError

from boneage.errors import BoneAgeError
from boneage.report.dicom import Reference, film_header, rejection_note
from boneage.report.reading import Reading
from boneage.serve.dicom.archives import Archive, StoreArchive
from boneage.serve.dicom.dicomweb import StowArchive
from boneage.serve.dicom.entity import ArchiveError
from boneage.serve.kept_maps import NotYet
from boneage.serve.settings import CStore, Destination, Stow
from boneage.serve.spool import Spool
from boneage.serve.store.outbox import Outbox
from boneage.serve.store.records import NOTE, Delivery, Film
from boneage.serve.store.worklist import Worklist

LOGGER = logging.getLogger("boneage.serve.dicom")
IDLE_SECONDS = 0.2
FIRST_PROBE, LONGEST_PROBE = 2.0, 60.0  # seconds between looks whether an archive is back
FAILURES = (ArithmeticError, AttributeError, LookupError, MemoryError, OSError, TypeError, ValueError)  # ours to mend

Make = Callable[[Film, Reading, str], Sequence[Dataset]]  # film, reading, a format -> what is sent of it
Reject = Callable[[Film, Reading, Sequence[Reference]], Dataset]  # film, amended or withdrawn reading, what it takes back


def archive_of(settings: Destination, our_title: str) -> Archive:
    """The archive of these settings."""
    match settings:
        case CStore():
            return StoreArchive(settings, our_title)
        case Stow():
            return StowArchive(settings)


@dataclass
class Sender:
    """Of one destination, so that one that is away keeps no other waiting. One thread runs it."""

    name: str  # of the destination, in the settings
    archive: Archive
    outbox: Outbox
    worklist: Worklist
    make: Make
    reject: Reject | None = None
    away: bool = False  # it did not answer; nothing is tried until it does
    _pause: float = field(default=FIRST_PROBE, repr=False)

    def step(self) -> bool:
        """One delivery, tried once; False: none is due, or the archive is away."""
        if self.away and not self._is_back():
            return False
        delivery = self.outbox.claim(self.name)
        if delivery is None:
            return False
        self._try(delivery)
        return not self.away

    def run(self, stop: threading.Event) -> None:
        """Steps until `stop`. Never raises."""
        while not stop.is_set():
            try:
                while not stop.is_set() and self.step():
                    pass
            except SQLAlchemyError as error:
                LOGGER.warning("the outbox cannot be read: %s", type(error).__name__)
                stop.wait(LONGEST_PROBE)
            stop.wait(self._pause if self.away else IDLE_SECONDS)
            if self.away:
                self._pause = min(2 * self._pause, LONGEST_PROBE)

    def _try(self, delivery: Delivery) -> None:
        try:
            objects = self._objects(delivery)
        except NotYet:  # a worker makes it; nothing else waits for it meanwhile
            self.outbox.failed(delivery, f"the {delivery.errand.what} is still being made")
            return
        except BoneAgeError as error:
            self.outbox.give_up(delivery, f"{delivery.errand.what} cannot be made: {error.came}")
            return
        except FAILURES as error:  # only its type is told: the text may quote the film's header
            self._failed(delivery, f"{type(error).__name__} while the {delivery.errand.what} was made")
            return
        if not objects:
            self.outbox.drop(delivery)
            return
        self.outbox.leaves(delivery, map(_reference, objects))
        try:
            self.archive.send(objects)
        except ArchiveError as error:
            self.away = error.away
            self._failed(delivery, error.came)
        except FAILURES as error:
            self._failed(delivery, f"{type(error).__name__} while the {delivery.errand.what} was sent")
        else:
            self.outbox.done(delivery)

    def _objects(self, delivery: Delivery) -> Sequence[Dataset]:
        reading, film = self.worklist.reading(delivery.reading_uid), self.worklist.film_by_reading(delivery.reading_uid)
        if reading is None or film is None:
            raise LookupError
        if delivery.errand.what != NOTE:
            return self.make(film, reading, delivery.errand.what)
        left = self.outbox.left(delivery)
        return [self.reject(film, reading, left)] if left and self.reject is not None else []

    def _failed(self, delivery: Delivery, why: str) -> None:
        LOGGER.warning("delivery %d to %s failed at try %d: %s", delivery.number, self.name, delivery.attempts, why)
        self.outbox.failed(delivery, why)

    def _is_back(self) -> bool:
        if not self.archive.answers():
            return False
        self.away, self._pause = False, FIRST_PROBE
        self.outbox.wake(self.name)
        return True


def rejecting(spool: Spool) -> Reject:
    """Notes on films of that spool."""
    return lambda film, reading, sent: rejection_note(reading, film_header(spool.read(film.file)), sent=sent)


def _reference(one: Dataset) -> Reference:
    return Reference(str(one.SOPClassUID), str(one.get("SeriesInstanceUID", "")), str(one.SOPInstanceUID))
