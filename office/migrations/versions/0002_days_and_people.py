"""days and people"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """days and people"""
    op.create_table(
        "appointment",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("proceeding_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("came_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("struck_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind <> 'wait' OR proceeding_id IS NOT NULL", name=op.f("ck_appointment_wait_of_a_proceeding")
        ),
        sa.CheckConstraint(
            "kind IN ('wait', 'review', 'age', 'coming_of_age', 'fact')", name=op.f("ck_appointment_kind_listed")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_appointment_case_id")),
        sa.ForeignKeyConstraint(["proceeding_id"], ["proceeding.id"], name=op.f("fk_appointment_proceeding_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointment")),
    )
    op.create_index(op.f("ix_appointment_case_id"), "appointment", ["case_id"], unique=False)
    op.create_index(
        "ix_appointment_due",
        "appointment",
        ["on"],
        unique=False,
        postgresql_where=sa.text("came_at IS NULL AND struck_at IS NULL"),
    )
    op.create_index(op.f("ix_appointment_proceeding_id"), "appointment", ["proceeding_id"], unique=False)
    op.create_index(
        "uq_appointment_file",
        "appointment",
        ["case_id", "kind", "subject", "on"],
        unique=True,
        postgresql_where=sa.text("kind <> 'wait'"),
    )
    op.create_index(
        "uq_appointment_wait",
        "appointment",
        ["proceeding_id", "subject"],
        unique=True,
        postgresql_where=sa.text("kind = 'wait'"),
    )
    op.add_column(
        "proceeding",
        sa.Column(
            "from_file",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="begun by a day noted in the child's file",
        ),
    )

    op.drop_constraint(op.f("ck_event_event_listed"), "event", type_="check")
    op.create_check_constraint(
        op.f("ck_event_event_listed"),
        "event",
        """event IN ('report_filed', 'case_opened', 'proceeding_opened', 'request_asked', 'office_informed', 'request_acknowledged', 'request_done', 'request_declined', 'request_rerouted', 'request_reopened', 'request_withdrawn', 'facts_requested', 'facts_supplied', 'extension_requested', 'extension_granted', 'extension_refused', 'rung_reached', 'letter_handed_over', 'letter_failed', 'letter_stale', 'recipient_missing', 'handed_over', 'proceeding_closed', 'case_closed', 'case_reopened', 'appointment_came', 'proceeding_repaired', 'deadline_reckoned_anew', 'disclosure_code_sent', 'particulars_read')""",
    )


def downgrade() -> None:
    """A step back is a restore from a backup: the records are never thrown away by a schema."""
    raise RuntimeError("restore a backup instead of stepping the schema back")
