"""Between the table of films and its values."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from boneage.serve.states import Origin, State
from boneage.serve.store.records import Arrival, Film, from_text
from boneage.serve.store.schema import films
from boneage.serve.store.text import fitted, folded
from boneage.types import Identity, Sex


def columns_of(arrival: Arrival) -> dict[str, Any]:
    """What an arrival says, in columns; the rest is the worklist's own."""
    who = arrival.identity
    told = {
        "sender": arrival.sender,
        "sop_uid": who.sop_uid,
        "study_uid": who.study_uid,
        "accession_number": who.accession_number,
        "patient_id": who.patient_id,
        "id_issuer": who.id_issuer,
        "patient_name": who.patient_name,
        "birth_date": who.birth_date,
        "study_date": arrival.study_date or "",
        "scanner": arrival.scanner,
    }
    row = {name: fitted(text, films.c[name].type.length) for name, text in told.items()}  # type: ignore[attr-defined]
    return row | {
        "sop_uid": row["sop_uid"] or None,
        "origin": arrival.origin.value,
        "file": arrival.file,
        "file_sha256": arrival.file_sha256,
        "sex": arrival.sex.value if arrival.sex else None,
        "height_cm": arrival.height_cm,
        "state": (State.LEFT_ALONE if arrival.left_alone else State.WAITING).value,
        "search": folded(" ".join((who.patient_name, who.patient_id, who.accession_number))),
    }


def film_of(row: Row[Any], **other: Any) -> Film:
    """A row as a film; `other`: fields that have changed since."""
    identity = Identity(
        patient_name=row.patient_name,
        patient_id=row.patient_id,
        accession_number=row.accession_number,
        study_uid=row.study_uid,
        sop_uid=row.sop_uid or "",
        id_issuer=row.id_issuer,
        birth_date=row.birth_date,
    )
    fields: dict[str, Any] = {
        "id": row.id,
        "received_at": from_text(row.received_at),
        "origin": Origin(row.origin),
        "sender": row.sender,
        "file": row.file,
        "identity": identity,
        "study_date": row.study_date or None,
        "sex": Sex(row.sex) if row.sex else None,
        "height_cm": row.height_cm,
        "scanner": row.scanner,
        "state": State(row.state),
        "reading_uid": row.reading_uid,
        "bone_age_months": row.bone_age_months,
        "attempts": row.attempts,
    }
    return Film(**(fields | other))
