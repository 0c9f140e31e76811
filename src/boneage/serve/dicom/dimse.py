"""Films are asked for by C-FIND and come by C-GET, or by C-MOVE to our own listener."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pydicom.dataset import Dataset
from pydicom.uid import UID
from pynetdicom import build_context, build_role, evt
from pynetdicom.association import Association
from pynetdicom.events import Event
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    StudyRootQueryRetrieveInformationModelFind as Find,
)
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    StudyRootQueryRetrieveInformationModelGet as Get,
)
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    StudyRootQueryRetrieveInformationModelMove as Move,
)

from boneage.read.quiet import quiet
from boneage.serve.dicom.archives import associated, lost
from boneage.serve.dicom.asking import SERIES_KEYS, STUDY_KEYS, UIDS, Asked, Settle, by_series, image_keys
from boneage.serve.dicom.entity import ArchiveError, entity
from boneage.serve.dicom.kinds import FILMS, PLAIN, SYNTAXES
from boneage.serve.dicom.taking import bound, keep, settles
from boneage.serve.dicom.tls import calling
from boneage.serve.intake import Intake
from boneage.serve.settings import DicomSource
from boneage.serve.states import Origin

PENDING = (0xFF00, 0xFF01)
PARTLY = 0xB000  # some sub-operations failed
UNKNOWN_DESTINATION = 0xA801
MOST_ANSWERS = 20_000


class DimseArchive:
    """An archive that films are fetched from by DIMSE services."""

    def __init__(self, settings: DicomSource, our_title: str, intake: Intake) -> None:
        self.settings, self.our_title, self.intake = settings, our_title, intake
        self._entity = entity(our_title)
        self._tls = None if settings.tls is None else calling(settings.tls, settings.name)

    def studies(self, asked: Asked) -> list[Dataset]:
        """As `pull.Source`."""
        query = _level("STUDY", (*STUDY_KEYS, "StudyInstanceUID"), asked.keys())
        with self._finding() as association:
            return _find(association, query)

    def images(self, study: Dataset, may: Callable[[Dataset], bool]) -> list[Dataset]:
        """As `pull.Source`: the series of the study, then the images of those that may count."""
        uid = str(study.StudyInstanceUID)
        found = []
        keys = tuple(key for key in image_keys(self.intake.mapping) if key not in SERIES_KEYS)
        with self._finding() as association:
            series_query = _level("SERIES", (*SERIES_KEYS, "SeriesInstanceUID"), {"StudyInstanceUID": uid})
            for series in _find(association, series_query):
                if not may(_merged(study, series)):
                    continue
                parents = {"StudyInstanceUID": uid, "SeriesInstanceUID": str(series.SeriesInstanceUID)}
                images = _find(association, _level("IMAGE", (*keys, "SOPInstanceUID"), parents))
                found += [_merged(study, series, image) for image in images]
        return [image for image in found if may(image)]

    def fetch(self, images: Sequence[Dataset], settle: Settle) -> None:
        """As `pull.Source`."""
        if self.settings.by == "c-get":
            self._get(images, settle)
        else:
            self._move(images)

    def _finding(self) -> Any:
        return associated(self._entity, self.settings, [build_context(Find, list(PLAIN))], self._tls)

    def _get(self, images: Sequence[Dataset], settle: Settle) -> None:
        def store(event: Event) -> int:
            told = keep(event, self.intake, Origin.PULLED, self.settings.name)
            if settles(told):
                settle(str(event.request.AffectedSOPInstanceUID))  # type: ignore[union-attr]
            return told

        told_of = {UID(str(image.get("SOPClassUID", ""))) for image in images} & set(FILMS)
        classes = sorted(told_of) or list(FILMS)
        # one context for each syntax, so that the archive need not convert any film
        contexts = [build_context(film, syntax) for film in classes for syntax in SYNTAXES]
        with associated(
            self._entity,
            self.settings,
            [build_context(Get, list(PLAIN)), *contexts],
            self._tls,
            ext_neg=[build_role(film, scp_role=True) for film in classes],
            evt_handlers=[(evt.EVT_C_STORE, store), (evt.EVT_PDU_RECV, bound)],
        ) as association:
            for query in _retrievals(images):
                _retrieve(association.send_c_get(query, Get))

    def _move(self, images: Sequence[Dataset]) -> None:
        with associated(self._entity, self.settings, [build_context(Move, list(PLAIN))], self._tls) as association:
            for query in _retrievals(images):
                _retrieve(association.send_c_move(query, self.our_title, Move))


def _level(level: str, keys: Sequence[str], values: dict[str, str]) -> Dataset:
    query = Dataset()
    query.QueryRetrieveLevel = level
    with quiet():  # an archive's UIDs may be any text
        for key in dict.fromkeys((*keys, *values)):
            setattr(query, key, values.get(key))
    if not all(map(str.isascii, values.values())):
        query.SpecificCharacterSet = "ISO_IR 192"
    return query


def _retrievals(images: Sequence[Dataset]) -> list[Dataset]:
    """One request a series."""
    queries = []
    for (study, series), uids in by_series(images).items():
        query = _level("IMAGE", (), {"StudyInstanceUID": study, "SeriesInstanceUID": series})
        with quiet():
            query.SOPInstanceUID = uids if len(uids) > 1 else uids[0]
        queries.append(query)
    return queries


def _find(association: Association, query: Dataset) -> list[Dataset]:
    found: list[Dataset] = []
    uid = UIDS[query.QueryRetrieveLevel]
    for status, answer in association.send_c_find(query, Find):
        if "Status" not in status:
            raise lost()
        if status.Status in PENDING:
            if answer is not None and answer.get(uid) and len(found) < MOST_ANSWERS:
                found.append(answer)
        elif status.Status != 0:
            raise ArchiveError(f"an archive that refused the query with status 0x{status.Status:04X}", away=False)
    return found


def _retrieve(answers: Any) -> None:
    """Which films came is seen where they arrive."""
    for status, _ in answers:
        if "Status" not in status:
            raise lost()
        if status.Status == UNKNOWN_DESTINATION:
            raise ArchiveError("an archive that does not know our listener, by its AE title, as a destination", away=False)
        if status.Status not in (*PENDING, PARTLY, 0):
            raise ArchiveError(f"an archive that refused to give films, with status 0x{status.Status:04X}", away=False)


def _merged(*answers: Dataset) -> Dataset:
    whole = Dataset()
    with quiet():
        for answer in answers:
            whole.update({element.tag: element for element in answer if element.value not in (None, "")})
    return whole
