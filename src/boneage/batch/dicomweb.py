"""Films of a DICOMweb server: dicomweb+https://HOST/PATH?StudyDate=20260101-20260630&Modality=DX asks for all that fit."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from boneage.errors import BoneAgeError, Kind
from boneage.extras import load

if TYPE_CHECKING:
    from boneage.serve.dicom.dicomweb import Line

SCHEMES = ("dicomweb+http://", "dicomweb+https://")
TOKEN = "BONEAGE_DICOMWEB_TOKEN"  # the environment variable of the bearer token: on a command line all could read it
FILMS = ("CR", "DX", "RG")  # modalities of radiographs
_INSTANCE = re.compile(r"(.+)/studies/([0-9.]+)/series/([0-9.]+)/instances/([0-9.]+)")
_UIDS = ("0020000D", "0020000E", "00080018")  # of study, series, instance


def speaks(name: str) -> bool:
    return name.startswith(SCHEMES)


def names_of(query: str) -> Iterator[str]:
    """An address a film, in the server's order. The query's words are filters of QIDO-RS, of instances."""
    if _INSTANCE.fullmatch(query):
        yield query
        return
    parts = urlsplit(query)
    base, filters = urlunsplit(parts._replace(query="")).rstrip("/"), dict(parse_qsl(parts.query))
    for modality in (filters["Modality"],) if "Modality" in filters else FILMS:
        for one in _pages(base, filters | {"Modality": modality}):
            study, series, instance = (one[tag]["Value"][0] for tag in _UIDS)
            yield f"{base}/studies/{study}/series/{series}/instances/{instance}"


def film_of(name: str) -> bytes:
    """A DICOM file in the transfer syntax that the server stores it in. Raises BoneAgeError where it cannot be had."""
    from boneage.serve.dicom.dicomweb import ORIGINAL, encoded

    if (match := _INSTANCE.fullmatch(name)) is None:
        raise _wrong(name)
    base, study, series, instance = match.groups()
    with _line(base).talk() as client:
        return encoded(client.retrieve_instance(study, series, instance, media_types=ORIGINAL))


def _pages(base: str, filters: dict[str, Any]) -> Iterator[dict[str, Any]]:
    line = _line(base)
    from boneage.serve.dicom.dicomweb import PAGE

    yield from line.pages(lambda client, skip: client.search_for_instances(search_filters=filters, limit=PAGE, offset=skip))


@lru_cache(maxsize=8)
def _line(base: str) -> Line:
    """One connection a process."""
    load("dicomweb_client", "serve")
    from pydantic import SecretStr

    from boneage.serve.dicom.dicomweb import Line
    from boneage.serve.settings import WebSource

    token = os.environ.get(TOKEN)
    try:
        settings = WebSource(
            kind="dicomweb", name="archive", url=base.removeprefix("dicomweb+"), token=None if token is None else SecretStr(token)
        )
    except ValueError as error:
        raise _wrong(base) from error
    return Line(settings)


def _wrong(came: str) -> BoneAgeError:
    return BoneAgeError(
        Kind.BAD_OPTION,
        came=f"the address {came!r}",
        expected="dicomweb+https://HOST/PATH, with filters after a question mark or with /studies/.../series/.../instances/...",
        todo="Write it so.",
    )
