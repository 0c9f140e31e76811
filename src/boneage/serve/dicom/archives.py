"""Where reports go by C-STORE, and associations that end whatever happens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from pydicom.dataset import Dataset
from pydicom.uid import UID
from pynetdicom import AE, build_context
from pynetdicom.association import Association
from pynetdicom.presentation import PresentationContext

from boneage.serve.dicom.entity import ArchiveError, entity
from boneage.serve.dicom.kinds import PLAIN
from boneage.serve.dicom.tls import Calling, calling
from boneage.serve.settings import CStore, DicomSource

TRANSIENT = 0x02  # of a rejected association: "try later"
DUPLICATE = 0x0111  # it is there already
TAKEN = frozenset({0x0000, 0xB000, 0xB006, 0xB007, DUPLICATE})  # with warnings too: stored, PS3.4 B.2.3


class Archive(Protocol):
    """Where reports go."""

    def send(self, objects: Sequence[Dataset]) -> None:
        """All of them are safe there when it returns. Raises ArchiveError."""

    def answers(self) -> bool:
        """Whether it is there, cheaply."""


class StoreArchive:
    """An archive reached by C-STORE."""

    def __init__(self, settings: CStore, our_title: str) -> None:
        self.settings = settings
        self._entity = entity(our_title)
        self._tls = None if settings.tls is None else calling(settings.tls, settings.name)

    def send(self, objects: Sequence[Dataset]) -> None:
        contexts = [build_context(uid, list(PLAIN)) for uid in sorted({str(one.SOPClassUID) for one in objects})]
        with associated(self._entity, self.settings, contexts, self._tls) as association:
            for one in objects:
                _store(association, one)

    def answers(self) -> bool:
        try:
            with associated(self._entity, self.settings, [build_context("1.2.840.10008.1.1", list(PLAIN))], self._tls):
                return True
        except ArchiveError as error:
            return not error.away


@contextmanager
def associated(
    ours: AE, theirs: CStore | DicomSource, contexts: list[PresentationContext], tls: Calling | None = None, **options: Any
) -> Iterator[Association]:
    """An association, released at the end. Raises ArchiveError where there is none."""
    if tls is not None:
        tls.failure = ""
        options["tls_args"] = (tls, theirs.host)
    try:
        association = ours.associate(theirs.host, theirs.port, contexts, theirs.ae_title, **options)
    except OSError as error:  # a host without an address
        raise ArchiveError("an archive whose host cannot be found", away=True) from error
    if not association.is_established:
        _close(association)
        raise _no_association(association, tls)
    try:
        yield association
    finally:
        if association.is_established:
            association.release()


def lost() -> ArchiveError:
    """The association broke off, or no answer came in time."""
    return ArchiveError("an archive that broke off or did not answer in time", away=True)


def _close(association: Association) -> None:
    """The network library leaves the connection to the garbage collector where the other side hung up first."""
    held = association.dul.socket
    if held is not None and held.socket is not None:
        held.socket.close()


def _store(association: Association, one: Dataset) -> None:
    try:
        status = association.send_c_store(one)
    except ValueError as error:  # no accepted context; never the exception's text, which may quote the data set
        raise ArchiveError(f"an archive that takes no {UID(one.SOPClassUID).name}", away=False) from error
    except RuntimeError as error:  # the association is gone
        raise lost() from error
    if "Status" not in status:
        raise lost()
    if status.Status not in TAKEN:
        raise ArchiveError(f"an archive that refused the object with status 0x{status.Status:04X}", away=False)


def _no_association(association: Association, tls: Calling | None) -> ArchiveError:
    if tls is not None and tls.failure:
        return ArchiveError(f"an archive with which no TLS connection comes about ({tls.failure})", away=True)
    if association.is_rejected:
        answer = association.acceptor.primitive
        later = answer is not None and answer.result == TRANSIENT
        return ArchiveError("an archive that rejects associations with our AE title, or for now", away=later)
    if association.rejected_contexts:
        return ArchiveError("an archive that takes none of the objects' kinds", away=False)
    return ArchiveError("an archive that does not answer", away=True)
