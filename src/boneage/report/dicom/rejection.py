"""The note that takes results back for archives: a Key Object Selection, as IHE's Imaging Object Change Management has it.

An archive that follows IOCM hides what the note names. Its title is (113037, DCM, "Rejected for Patient Safety Reasons"):
a bone age that a reader called wrong could be treated by, so it must never be shown again. "Rejected for Quality Reasons"
(113001) is of images that are poor but true, which an archive may still give out on demand; "Data Retention Policy Expired"
(113039) says nothing of an error; "Incorrect Modality Worklist Entry" (113038) is of the film's patient or order, which are
not ours to correct. Archives that do not know the note still have the new report, which names the one that it replaces or
takes back; captures and presentation states have no such reference, so for them the note is all there is.
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
from boneage.report.dicom.series import OVERLAY, REJECTION, REPORT, Reference, derive
from boneage.report.dicom.sr import contexts
from boneage.report.reading import Reading, Status


def make_note(reading: Reading, film: Dataset, *, sent: Sequence[Reference] | None = None, organization: str = "") -> Dataset:
    """The note of an amended or withdrawn reading. As `boneage.report.dicom.rejection_note`."""
    check_same_film(reading, film)
    if reading.status not in (Status.AMENDED, Status.WITHDRAWN) or reading.predecessor is None or reading.decision is None:
        raise ValueError("an amended or withdrawn reading is expected")
    if sent is None:
        sent = [Reference.of(series, reading.predecessor) for series in (REPORT, OVERLAY)]
    person, device = contexts(reading, organization or film.InstitutionName)
    rejected = [_named(one, film) for one in sorted(sent, key=lambda one: (one.series_uid, one.sop_uid))]
    withdrawn = "Withdrawn, entered in error" if reading.status is Status.WITHDRAWN else "Amended"
    with quiet():
        content = ko.KeyObjectSelection(
            dicom.DCM.RejectedForPatientSafetyReasons,
            rejected,
            observer_person_context=person,
            observer_device_context=device,
            description=reading.decision.reason.strip() or withdrawn,
        )
        made = ko.KeyObjectSelectionDocument(
            evidence=rejected,
            content=content,
            instance_number=1,
            requested_procedures=None if (asked := request_of(film)) is None else [asked],
            specific_character_set=None,
            transfer_syntax_uid=ExplicitVRLittleEndian,
            # two archives that were sent different objects get two notes: a UID stands for one
            **told_to_highdicom(reading, REJECTION, derive(*(one.SOPInstanceUID for one in rejected))),
        )
        return finish(made, reading, film)


def _named(one: Reference, film: Dataset) -> Dataset:
    """What the note needs to know of an object; patient and study are the film's."""
    named = deepcopy(film)
    for keyword in ("Rows", "Columns"):
        if keyword in named:
            del named[keyword]
    named.SOPClassUID, named.SOPInstanceUID, named.SeriesInstanceUID = one.sop_class, one.sop_uid, one.series_uid
    if one.sop_class == OVERLAY.sop_class:
        named.Rows = named.Columns = 1  # by which highdicom tells images; it looks no further
    return named
