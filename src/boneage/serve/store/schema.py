"""The tables. They are made and changed by the migrations alone; a test holds the two together."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

# times are ISO 8601 in UTC, so that they sort as text and are the same in every database
TIME = String(32)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

films = Table(
    "films",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("received_at", TIME, nullable=False),
    Column("origin", String(16), nullable=False),
    Column("sender", String(64), nullable=False),  # AE title or user
    Column("file", String(80), nullable=False, unique=True),  # name in the spool
    Column("file_sha256", String(64), nullable=False),
    Column("sop_uid", String(64), unique=True),  # NULL: no DICOM film; the same film is received once
    Column("study_uid", String(64), nullable=False),
    Column("accession_number", String(64), nullable=False),
    Column("patient_id", String(64), nullable=False),
    Column("id_issuer", String(64), nullable=False),
    Column("patient_name", String(400), nullable=False),
    Column("birth_date", String(10), nullable=False),
    Column("study_date", String(10), nullable=False),
    Column("sex", String(8)),  # as the header or the uploader says; NULL: nobody did
    Column("height_cm", Float),
    Column("scanner", String(140), nullable=False),  # manufacturer and model
    Column("state", String(16), nullable=False),
    Column("reading_uid", String(64)),  # the latest version
    Column("bone_age_months", Float),  # of the latest version
    Column("claim", String(32)),  # of the worker that has it
    Column("claimed_until", TIME),  # it has it until then
    Column("attempts", Integer, nullable=False),  # how often a worker began
    Column("search", Text, nullable=False),  # name, patient id and accession number, upper and lower case alike
    Index("ix_films_state_received_at", "state", "received_at"),
    Index("ix_films_patient_id", "patient_id", "id_issuer"),
)

readings = Table(
    "readings",
    metadata,
    Column("uid", String(64), primary_key=True),
    Column("film_id", String(32), ForeignKey("films.id"), nullable=False),
    Column("version", Integer, nullable=False),  # from 1 on
    Column("made_at", TIME, nullable=False),
    Column("body", Text, nullable=False),  # the whole reading as JSON
    UniqueConstraint("film_id", "version"),  # no film is answered twice
)

audit = Table(
    "audit",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("at", TIME, nullable=False),
    Column("actor", String(64), nullable=False),  # user, AE title or "system"
    Column("action", String(32), nullable=False),
    Column("film_id", String(32)),
    Column("reading_uid", String(64)),
    Column("detail", Text, nullable=False),  # JSON without identity
    Index("ix_audit_film_id", "film_id"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("reading_uid", String(64), ForeignKey("readings.uid"), nullable=False),
    Column("destination", String(64), nullable=False),
    Column("what", String(16), nullable=False),  # a report format
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", TIME, nullable=False),
    Column("last_error", String(400), nullable=False),
    UniqueConstraint("reading_uid", "destination", "what"),
    Index("ix_deliveries_state_due_at", "state", "due_at"),
)

# the objects that left, or may have left, for a destination: what a rejection note names
sent = Table(
    "sent",
    metadata,
    Column("destination", String(64), primary_key=True),
    Column("sop_uid", String(64), primary_key=True),
    Column("reading_uid", String(64), ForeignKey("readings.uid"), nullable=False),
    Column("sop_class", String(64), nullable=False),
    Column("series_uid", String(64), nullable=False),
    Index("ix_sent_reading_uid", "reading_uid"),
)

users = Table(
    "users",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("display_name", String(200), nullable=False),
    Column("role", String(16), nullable=False),
    Column("password_hash", String(200), nullable=False),  # argon2id; empty: signs in by the site's proxy
    Column("active", Boolean, nullable=False),
    Column("failures", Integer, nullable=False),  # wrong passwords in a row
    Column("locked_until", TIME),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("user_name", String(64), ForeignKey("users.name"), nullable=False),
    Column("csrf", String(64), nullable=False),
    Column("expires_at", TIME, nullable=False),
)

pulled = Table(
    "pulled",
    metadata,
    Column("source", String(64), primary_key=True),
    Column("sop_uid", String(64), primary_key=True),
    Column("at", TIME, nullable=False),
)

# files of films that are forgotten, until they are taken out of the spool
forgotten = Table("forgotten", metadata, Column("file", String(80), primary_key=True))
