"""What an archive is asked for, and what of its answers may be a bone age film."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from pydicom import datadict
from pydicom.dataset import Dataset

from boneage.errors import BoneAgeError, Kind
from boneage.read.quiet import quiet
from boneage.read.tags import Tags
from boneage.serve.dicom.kinds import FILMS
from boneage.serve.mapping import Mapping

Settle = Callable[[str], None]  # told the SOP instance UID of a film that need not be asked for again

STUDY_KEYS = ("StudyDate", "AccessionNumber", "StudyDescription", "ModalitiesInStudy", "NumberOfStudyRelatedInstances")
SERIES_KEYS = ("Modality", "BodyPartExamined", "SeriesDescription", "ProtocolName", "Laterality", "Manufacturer")
IMAGE_KEYS = ("SOPClassUID", "InstanceNumber")
UIDS = {"STUDY": "StudyInstanceUID", "SERIES": "SeriesInstanceUID", "IMAGE": "SOPInstanceUID"}  # without them no answer counts
WILD = frozenset("*?\\")


@dataclass(frozen=True)
class Asked:
    """Studies by accession number, or by date."""

    accession_number: str = ""
    days: tuple[date, date] | None = None  # both are meant too

    def __post_init__(self) -> None:
        if self.days is None and not 1 <= len(self.accession_number.strip()) <= 64:
            raise _wrong("no accession number")
        if WILD & set(self.accession_number):
            raise _wrong("an accession number with a wildcard")

    def keys(self) -> dict[str, str]:
        """As a query has them."""
        days = "" if self.days is None else "-".join(f"{day:%Y%m%d}" for day in self.days)
        return {"AccessionNumber": self.accession_number.strip(), "StudyDate": days}


def image_keys(mapping: Mapping) -> tuple[str, ...]:
    """What is asked of a film so that the site's rules can be tried on it, as far as an archive can answer."""
    said = {keyword for rule in (*mapping.bone_age, *mapping.never) for keyword in rule.where}
    asked = {keyword for keyword in said if datadict.dictionary_VR(keyword) not in ("SQ", "OB", "OW", "UN")}
    return (*SERIES_KEYS, *IMAGE_KEYS, *sorted(asked - {*STUDY_KEYS, *SERIES_KEYS, *IMAGE_KEYS}))


def may_count(mapping: Mapping, answer: Dataset) -> bool:
    """Whether the site's rules can still hold for a film of which an archive has told that much.

    An empty value is no answer: archives leave out what they do not index. Of a study, its modalities are tried in turn.
    """
    with quiet():
        tags = Tags(answer)
        sop_class = tags.text("SOPClassUID")
        if sop_class and sop_class not in FILMS:
            return False
        modalities = _modalities(answer)
        return any(mapping.may_count(answer, modality) for modality in modalities)


def count_of(study: Dataset) -> int | None:
    """How many instances the study has; None: not told."""
    with quiet():
        return Tags(study).whole("NumberOfStudyRelatedInstances")


def by_series(images: Iterable[Dataset]) -> dict[tuple[str, str], list[str]]:
    """SOP instance UIDs by study and series."""
    found: dict[tuple[str, str], list[str]] = {}
    for image in images:
        series = (str(image.StudyInstanceUID), str(image.SeriesInstanceUID))
        found.setdefault(series, []).append(str(image.SOPInstanceUID))
    return found


def _modalities(answer: Dataset) -> list[str]:
    tags = Tags(answer)
    if one := tags.text("Modality"):
        return [one]
    several = tags.value("ModalitiesInStudy")
    many = [several] if isinstance(several, str) else list(several) if isinstance(several, Iterable) else []
    return [str(one) for one in many] or [""]


def _wrong(came: str) -> BoneAgeError:
    return BoneAgeError(Kind.BAD_OPTION, came=came, expected="one accession number", todo="Give it as the order has it.")
