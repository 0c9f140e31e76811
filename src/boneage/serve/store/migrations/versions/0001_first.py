"""The first tables, and what keeps the audit trail append-only and readings as they were made."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0001", None

REFUSED = {"audit_stay": "the audit trail is append-only", "readings_stay": "a reading is never changed"}


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("film_id", sa.String(length=32), nullable=True),
        sa.Column("reading_uid", sa.String(length=64), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_film_id", "audit", ["film_id"], unique=False)
    op.create_table(
        "films",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("received_at", sa.String(length=32), nullable=False),
        sa.Column("origin", sa.String(length=16), nullable=False),
        sa.Column("sender", sa.String(length=64), nullable=False),
        sa.Column("file", sa.String(length=80), nullable=False),
        sa.Column("file_sha256", sa.String(length=64), nullable=False),
        sa.Column("sop_uid", sa.String(length=64), nullable=True),
        sa.Column("study_uid", sa.String(length=64), nullable=False),
        sa.Column("accession_number", sa.String(length=64), nullable=False),
        sa.Column("patient_id", sa.String(length=64), nullable=False),
        sa.Column("id_issuer", sa.String(length=64), nullable=False),
        sa.Column("patient_name", sa.String(length=400), nullable=False),
        sa.Column("birth_date", sa.String(length=10), nullable=False),
        sa.Column("study_date", sa.String(length=10), nullable=False),
        sa.Column("sex", sa.String(length=8), nullable=True),
        sa.Column("height_cm", sa.Float(), nullable=True),
        sa.Column("scanner", sa.String(length=140), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reading_uid", sa.String(length=64), nullable=True),
        sa.Column("bone_age_months", sa.Float(), nullable=True),
        sa.Column("claim", sa.String(length=32), nullable=True),
        sa.Column("claimed_until", sa.String(length=32), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("search", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_films")),
        sa.UniqueConstraint("file", name=op.f("uq_films_file")),
        sa.UniqueConstraint("sop_uid", name=op.f("uq_films_sop_uid")),
    )
    op.create_index("ix_films_patient_id", "films", ["patient_id", "id_issuer"], unique=False)
    op.create_index("ix_films_state_received_at", "films", ["state", "received_at"], unique=False)
    op.create_table(
        "forgotten",
        sa.Column("file", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("file", name=op.f("pk_forgotten")),
    )
    op.create_table(
        "pulled",
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("sop_uid", sa.String(length=64), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("source", "sop_uid", name=op.f("pk_pulled")),
    )
    op.create_table(
        "users",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("display_name", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_users")),
    )
    op.create_table(
        "readings",
        sa.Column("uid", sa.String(length=64), nullable=False),
        sa.Column("film_id", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.String(length=32), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["film_id"], ["films.id"], name=op.f("fk_readings_film_id")),
        sa.PrimaryKeyConstraint("uid", name=op.f("pk_readings")),
        sa.UniqueConstraint("film_id", "version", name=op.f("uq_readings_film_id_version")),
    )
    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("user_name", sa.String(length=64), nullable=False),
        sa.Column("csrf", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["user_name"], ["users.name"], name=op.f("fk_sessions_user_name")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_sessions")),
    )
    op.create_table(
        "deliveries",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("reading_uid", sa.String(length=64), nullable=False),
        sa.Column("destination", sa.String(length=64), nullable=False),
        sa.Column("what", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.String(length=32), nullable=False),
        sa.Column("last_error", sa.String(length=400), nullable=False),
        sa.ForeignKeyConstraint(["reading_uid"], ["readings.uid"], name=op.f("fk_deliveries_reading_uid")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("reading_uid", "destination", "what", name=op.f("uq_deliveries_reading_uid_destination_what")),
    )
    op.create_index("ix_deliveries_state_due_at", "deliveries", ["state", "due_at"], unique=False)

    if op.get_bind().dialect.name == "postgresql":
        for name, why in REFUSED.items():
            op.execute(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{why}'; END $$")
        for trigger, change, table, each in (
            ("audit_no_change", "UPDATE OR DELETE", "audit", "ROW"),
            ("audit_no_truncate", "TRUNCATE", "audit", "STATEMENT"),
            ("readings_no_change", "UPDATE", "readings", "ROW"),
        ):
            does = f"EXECUTE FUNCTION {table}_stay()"
            op.execute(f"CREATE TRIGGER {trigger} BEFORE {change} ON {table} FOR EACH {each} {does}")
    else:
        for change, table in (("UPDATE", "audit"), ("DELETE", "audit"), ("UPDATE", "readings")):
            does = f"BEGIN SELECT RAISE(ABORT, '{REFUSED[f'{table}_stay']}'); END"
            op.execute(f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table} {does}")
        for table, key in (("audit", "number"), ("readings", "uid")):  # INSERT OR REPLACE deletes without the trigger of DELETE
            there = f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {key} = NEW.{key})"
            does = f"BEGIN SELECT RAISE(ABORT, '{REFUSED[f'{table}_stay']}'); END"
            op.execute(f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} {there} {does}")
