"""DICOMweb: reports go out by STOW-RS; films are asked for by QIDO-RS and come by WADO-RS in the syntax they are stored in."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import requests
from dicomweb_client import DICOMwebClient
from pydicom import dcmwrite
from pydicom.dataset import Dataset

from boneage.read.quiet import DECODER_ERRORS, quiet
from boneage.serve.dicom.archives import DUPLICATE
from boneage.serve.dicom.asking import UIDS, Asked, Settle, image_keys
from boneage.serve.dicom.entity import ANSWER_SECONDS, CONNECT_SECONDS, ArchiveError, hush
from boneage.serve.dicom.taking import MOST_BYTES, keep_bytes, settles
from boneage.serve.dicom.tls import TlsAdapter, calling
from boneage.serve.intake import Intake
from boneage.serve.settings import Stow, WebSource
from boneage.serve.states import Origin

AWAY = frozenset({408, 429, 502, 503, 504})  # HTTP: try later
PARTLY = 202  # HTTP, of STOW: stored with warnings, or not all of it; PS3.18 10.5.3.1
ORIGINAL = (("application/dicom", "*"),)  # whatever transfer syntax: we decode ourselves
PAGE = 200  # answers a query
T = TypeVar("T")


class _Token(requests.auth.AuthBase):
    """A bearer token; as an auth object, so that a redirect to another host does not carry it away."""

    def __init__(self, token: str) -> None:
        self.token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self.token}"
        return request


class Line:
    """A connection to one DICOMweb server, and the status of its last answer."""

    def __init__(self, settings: Stow | WebSource) -> None:
        hush()
        session = requests.Session()
        session.headers["Accept"] = "application/dicom+json"
        if settings.token is not None:
            session.auth = _Token(settings.token.get_secret_value())
        if settings.tls is not None:
            session.mount("https://", TlsAdapter(calling(settings.tls, settings.name), settings.tls.ca))
        self.session, self.url, self.status = session, settings.url.rstrip("/"), 0
        self.client = DICOMwebClient(
            self.url, session=session, callback=self._look, timeout=(CONNECT_SECONDS, ANSWER_SECONDS), permissive_uid=True
        )
        self.client.set_http_retry_params(retry=False)

    def _look(self, response: requests.Response, *_: Any, **__: Any) -> requests.Response:
        self.status = response.status_code
        length = response.headers.get("Content-Length", "0")
        if length.isdigit() and int(length) > MOST_BYTES + 2**20:
            response.close()
            raise ArchiveError("an archive that gives a film of more bytes than can be read", away=False)
        return response

    @contextmanager
    def talk(self) -> Iterator[DICOMwebClient]:
        """Every way in which the other side can fail becomes one error; no text of theirs is told."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield self.client
        except requests.HTTPError as error:
            code = 0 if error.response is None else error.response.status_code
            raise ArchiveError(f"an archive that answers with HTTP {code}", away=code in AWAY) from error
        except requests.exceptions.InvalidJSONError as error:
            raise ArchiveError("an answer that is not understood (it is no JSON)", away=False) from error
        except requests.RequestException as error:
            raise ArchiveError(f"an archive that does not answer ({type(error).__name__})", away=True) from error
        except DECODER_ERRORS as error:
            raise ArchiveError(f"an answer that is not understood ({type(error).__name__})", away=False) from error

    def pages(self, ask: Callable[[DICOMwebClient, int], list[T]]) -> Iterator[T]:
        """All answers to a query: `ask` gives at most PAGE of them from one on."""
        skip, before = 0, None
        while True:
            with self.talk() as client:
                page = ask(client, skip)
            if not page or page == before:  # some servers do not know `offset` and give the same for ever
                return
            yield from page
            if len(page) < PAGE:
                return
            skip, before = skip + len(page), page


class StowArchive:
    """An archive reached by STOW-RS."""

    def __init__(self, settings: Stow) -> None:
        self._line = Line(settings)

    def send(self, objects: Sequence[Dataset]) -> None:
        """As `archives.Archive`."""
        with self._line.talk() as client:
            told = client.store_instances(list(objects))
        reasons = {int(item.get("FailureReason", 0)) for item in told.get("FailedSOPSequence", [])} - {DUPLICATE}
        if reasons:
            words = ", ".join(f"0x{reason:04X}" for reason in sorted(reasons))
            raise ArchiveError(f"an archive that did not store all objects: {words}", away=False)
        if self._line.status == PARTLY and "ReferencedSOPSequence" not in told and "FailedSOPSequence" not in told:
            raise ArchiveError("an archive that does not say what it stored", away=False)

    def answers(self) -> bool:
        """As `archives.Archive`: whatever it says to an empty request, it is there."""
        try:
            answer = self._line.session.get(f"{self._line.url}/studies", params={"limit": "1"}, timeout=CONNECT_SECONDS)
        except requests.RequestException:
            return False
        return answer.status_code not in AWAY


class WebArchive:
    """An archive that films are fetched from by DICOMweb."""

    def __init__(self, settings: WebSource, intake: Intake) -> None:
        self.settings, self.intake = settings, intake
        self._line = Line(settings)

    def studies(self, asked: Asked) -> list[Dataset]:
        """As `pull.Source`."""
        fields = ["ModalitiesInStudy", "StudyDescription", "NumberOfStudyRelatedInstances"]
        filters = {keyword: value for keyword, value in asked.keys().items() if value}
        return list(
            self._pages(
                lambda client, skip: client.search_for_studies(fields=fields, search_filters=filters, limit=PAGE, offset=skip)
            )
        )

    def images(self, study: Dataset, may: Callable[[Dataset], bool]) -> list[Dataset]:
        """As `pull.Source`: one query a study."""
        uid, keys = str(study.StudyInstanceUID), image_keys(self.intake.mapping)
        found = self._pages(
            lambda client, skip: client.search_for_instances(study_instance_uid=uid, fields=list(keys), limit=PAGE, offset=skip)
        )
        whole = []
        for image in found:
            merged = Dataset()
            merged.update(study)
            merged.update(image)
            if all(merged.get(uid) for uid in UIDS.values()) and may(merged):
                whole.append(merged)
        return whole

    def fetch(self, images: Sequence[Dataset], settle: Settle) -> None:
        """As `pull.Source`."""
        for image in images:
            uids = (str(image.StudyInstanceUID), str(image.SeriesInstanceUID), str(image.SOPInstanceUID))
            with self._line.talk() as client:
                film = client.retrieve_instance(*uids, media_types=ORIGINAL)
                data = encoded(film)
            sop_class = str(film.get("SOPClassUID", ""))
            told = keep_bytes(
                data,
                lambda kept: self.intake.take(kept, origin=Origin.PULLED, sender=self.settings.name),
                expected=(sop_class, sop_class, uids[2]),
            )
            if settles(told):
                settle(uids[2])

    def _pages(self, ask: Callable[[DICOMwebClient, int], list[dict[str, Any]]]) -> Iterator[Dataset]:
        def found(client: DICOMwebClient, skip: int) -> list[Dataset]:
            page = ask(client, skip)
            with quiet():
                return [Dataset.from_json(one) for one in page]

        return self._line.pages(found)


def encoded(film: Dataset) -> bytes:
    file = io.BytesIO()
    with quiet():
        dcmwrite(file, film, enforce_file_format=True)
    return file.getvalue()
