"""What left for which destination, for rejection notes; of what was tried before, the UIDs follow from the reading's."""

import sqlalchemy as sa
from alembic import op

from boneage.report.dicom.series import MARKS, OVERLAY, REPORT  # their UIDs never change

revision, down_revision = "0002", "0001"

SERIES = {"sr": REPORT, "sc": OVERLAY, "gsps": MARKS}


def upgrade() -> None:
    sent = op.create_table(
        "sent",
        sa.Column("destination", sa.String(length=64), nullable=False),
        sa.Column("sop_uid", sa.String(length=64), nullable=False),
        sa.Column("reading_uid", sa.String(length=64), nullable=False),
        sa.Column("sop_class", sa.String(length=64), nullable=False),
        sa.Column("series_uid", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["reading_uid"], ["readings.uid"], name=op.f("fk_sent_reading_uid")),
        sa.PrimaryKeyConstraint("destination", "sop_uid", name=op.f("pk_sent")),
    )
    op.create_index("ix_sent_reading_uid", "sent", ["reading_uid"], unique=False)
    tried = sa.text("SELECT DISTINCT reading_uid, destination, what FROM deliveries WHERE attempts > 0")
    rows = [
        {
            "destination": row.destination,
            "sop_uid": SERIES[row.what].instance_uid(row.reading_uid),
            "reading_uid": row.reading_uid,
            "sop_class": SERIES[row.what].sop_class,
            "series_uid": SERIES[row.what].uid(row.reading_uid),
        }
        for row in op.get_bind().execute(tried)
        if row.what in SERIES
    ]
    if rows:
        op.bulk_insert(sent, rows)
