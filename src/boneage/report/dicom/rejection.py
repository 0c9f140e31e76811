"""The note that takes a report back for archives: a Key Object Selection, as IHE's Imaging Object Change Management has it.

An archive that follows IOCM hides what the note names. "Rejected for Patient Safety Reasons" is its title for what must
never be shown again; a reading that was entered in error is that. Archives that do not know it still have the withdrawn
report, which says the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy

from highdicom import ko
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes as dicom
from pydicom.uid import ExplicitVRLittleEndian

from boneage.read.quiet import quiet
from boneage.report.dicom.instance import check_same_film, finish, request_of, told_to_highdicom
from boneage.report.dicom.series import OVERLAY, REJECTION, REPORT, Series
from boneage.report.dicom.sr import contexts
from boneage.report.reading import Reading, Status


def make_note(reading: Reading, film: Dataset, *, sent: Sequence[Series] = (REPORT, OVERLAY), organization: str = "") -> Dataset:
    """The note of a withdrawn reading. As `boneage.report.dicom.rejection_note`."""
    check_same_film(reading, film)
    if reading.status is not Status.WITHDRAWN or reading.predecessor is None or reading.decision is None:
        raise ValueError("a withdrawn reading is expected")
    person, device = contexts(reading, organization or film.InstitutionName)
    rejected = [_named(one, reading.predecessor, film) for one in sent]
    with quiet():
        content = ko.KeyObjectSelection(
            dicom.DCM.RejectedForPatientSafetyReasons,
            rejected,
            observer_person_context=person,
            observer_device_context=device,
            description=reading.decision.reason.strip() or "Withdrawn, entered in error",
        )
        made = ko.KeyObjectSelectionDocument(
            evidence=rejected,
            content=content,
            instance_number=1,
            requested_procedures=None if (asked := request_of(film)) is None else [asked],
            specific_character_set=None,
            transfer_syntax_uid=ExplicitVRLittleEndian,
            **told_to_highdicom(reading, REJECTION),
        )
        return finish(made, reading, film)


def _named(series: Series, uid: str, film: Dataset) -> Dataset:
    """What the note needs to know of an object of the earlier reading; patient and study are the film's."""
    named = deepcopy(film)
    for keyword in ("Rows", "Columns"):
        if keyword in named:
            del named[keyword]
    named.SOPClassUID, named.SOPInstanceUID = series.sop_class, series.instance_uid(uid)
    named.SeriesInstanceUID = series.uid(uid)
    if series is OVERLAY:
        named.Rows = named.Columns = 1  # by which highdicom tells images; it looks no further
    return named
