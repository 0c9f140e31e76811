"""A C-STORE request to a film in the worklist, and to the status that its sender is told. PS3.4 B.2.3."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable
from enum import IntEnum

from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.events import Event
from sqlalchemy.exc import SQLAlchemyError

from boneage.errors import BoneAgeError, Kind
from boneage.read.dataset import parse
from boneage.read.limits import MAX_INFLATED
from boneage.read.quiet import quiet
from boneage.read.tags import Tags
from boneage.serve.intake import Intake
from boneage.serve.states import Origin

LOGGER = logging.getLogger("boneage.serve.dicom")
MOST_BYTES = MAX_INFLATED  # of a data set: the largest film that is read, uncompressed
MOST_COMMAND_BYTES = 65_536


class Store(IntEnum):
    """What a sender is told."""

    SUCCESS = 0x0000
    OUT_OF_RESOURCES = 0xA700  # too large, or no room, or no database: it may try again
    MISMATCH = 0xA900  # the data set is not what the request says
    NOT_UNDERSTOOD = 0xC000


class Discarded(io.BytesIO):
    """Takes the place of a data set that grows too long; keeps nothing."""

    def write(self, data: object, /) -> int:
        return len(data) if isinstance(data, (bytes, bytearray, memoryview)) else 0


def bound(event: Event) -> None:
    """On every PDU: a message that is too long is no longer kept, so that nobody can fill the memory."""
    message = event.assoc.dimse.message
    if message is None or message.data_set is None:
        return
    if message.data_set.tell() > MOST_BYTES:
        message.data_set = Discarded()
    if message.encoded_command_set.tell() > MOST_COMMAND_BYTES:
        message.encoded_command_set = Discarded()  # which gives no command, and so ends the association


def take(event: Event, intake: Intake, our_title: str) -> Store:
    """Keeps the film of a C-STORE request for ever, else says why not. Success is said of a film that is here already."""
    sender = event.assoc.requestor.ae_title
    request = event.request
    assert isinstance(request, C_STORE)
    moved_for_us = request.MoveOriginatorApplicationEntityTitle == our_title
    return keep(event, intake, Origin.PULLED if moved_for_us else Origin.STORED, sender)


def keep(event: Event, intake: Intake, origin: Origin, sender: str) -> Store:
    """As `take`, of that origin."""
    told = _keep(event, intake, origin, sender)
    if told is not Store.SUCCESS:
        LOGGER.warning("a film from %s was not taken: 0x%04X", sender, told)
    return told


def _keep(event: Event, intake: Intake, origin: Origin, sender: str) -> Store:
    request = event.request
    assert isinstance(request, C_STORE)
    if request.DataSet is None:
        return Store.NOT_UNDERSTOOD
    if isinstance(request.DataSet, Discarded) or len(request.DataSet.getbuffer()) > MOST_BYTES:
        return Store.OUT_OF_RESOURCES
    return keep_bytes(
        event.encoded_dataset(),
        lambda data: intake.take(data, origin=origin, sender=sender),
        expected=(event.context.abstract_syntax, request.AffectedSOPClassUID or "", request.AffectedSOPInstanceUID or ""),
    )


def keep_bytes(data: bytes, take_in: Callable[[bytes], object], *, expected: tuple[str, str, str]) -> Store:
    """A file to the intake; `expected`: the class agreed on, the class and the instance that the request names."""
    try:
        agreed, *requested = expected
        if agreed != requested[0] or [*named(data)] != requested:
            return Store.MISMATCH
        take_in(data)
    except BoneAgeError as error:
        return Store.OUT_OF_RESOURCES if error.kind is Kind.TOO_LARGE else Store.NOT_UNDERSTOOD
    except (OSError, MemoryError, SQLAlchemyError):  # disk full, database away
        return Store.OUT_OF_RESOURCES
    return Store.SUCCESS


def settles(told: Store) -> bool:
    """Whether a film need not be asked for again: it is here, or no second try would make it any better."""
    return told is not Store.OUT_OF_RESOURCES


def named(data: bytes) -> tuple[str, str]:
    """SOP class and instance of a file. Raises BoneAgeError."""
    with quiet():
        dataset, _ = parse(data)
        tags = Tags(dataset)
        return tags.text("SOPClassUID"), tags.text("SOPInstanceUID")
