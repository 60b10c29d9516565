"""days and people"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """days and people"""
    op.create_table(
        "absence",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("officer", sa.String(length=80), nullable=False),
        sa.Column("stand_in", sa.String(length=80), nullable=False),
        sa.Column("begins_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("set_by", sa.String(length=80), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(length=80), server_default="", nullable=False),
        sa.CheckConstraint("begins_at < ends_at", name=op.f("ck_absence_ends_after_it_begins")),
        sa.CheckConstraint("officer <> stand_in", name=op.f("ck_absence_stand_in_is_another")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_absence")),
    )
    op.create_index(
        "ix_absence_running", "absence", ["ends_at"], unique=False, postgresql_where=sa.text("ended_at IS NULL")
    )
    op.create_table(
        "clock_seen",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "silent_since",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="the silence that is told of; none: there is none",
        ),
        sa.Column(
            "next_alarm_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="no further letter of this silence before then",
        ),
        sa.Column(
            "next_clear_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="the same for the letter that says it is over",
        ),
        sa.CheckConstraint("id = 1", name=op.f("ck_clock_seen_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clock_seen")),
    )
    op.create_table(
        "log_seal",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column(
            "at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
            comment="machine time",
        ),
        sa.Column("after_event", sa.BigInteger(), nullable=False),
        sa.Column("last_event", sa.BigInteger(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column(
            "chain", sa.String(length=64), nullable=False, comment="HMAC over the seal before and this one's digest"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log_seal")),
        sa.UniqueConstraint("after_event", name=op.f("uq_log_seal_after_event")),
        sa.UniqueConstraint("last_event", name=op.f("uq_log_seal_last_event")),
    )
    op.create_table(
        "post_seen",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "restored_from",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="the instant of the backup that these records come from, until a person lets letters leave",
        ),
        sa.Column(
            "next_question_at", sa.DateTime(timezone=True), nullable=True, comment="nobody is asked again before then"
        ),
        sa.CheckConstraint("id = 1", name=op.f("ck_post_seen_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_post_seen")),
    )
    op.create_table(
        "unresolved_list",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("steps", sa.Integer(), nullable=False, comment="how many stood on it"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unresolved_list")),
    )
    op.create_table(
        "barred",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "officer", sa.String(length=80), nullable=False, comment="county key, empty for a person without one"
        ),
        sa.Column("name", sa.String(length=80), nullable=False, comment="without blanks; personal, shown to no office"),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("set_by", sa.String(length=80), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lifted_by", sa.String(length=80), server_default="", nullable=False),
        sa.CheckConstraint("officer <> '' OR name <> ''", name=op.f("ck_barred_names_somebody")),
        sa.CheckConstraint(
            "reason IN ('alleged_perpetrator', 'relative', 'reporters_own_reviewer', 'other')",
            name=op.f("ck_barred_reason_listed"),
        ),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_barred_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_barred")),
    )
    op.create_index(op.f("ix_barred_case_id"), "barred", ["case_id"], unique=False)
    op.create_index(
        "uq_barred_one_live",
        "barred",
        ["case_id", "officer", "name"],
        unique=True,
        postgresql_where=sa.text("lifted_at IS NULL"),
    )
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
    op.create_table(
        "passed_on",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("request_id", sa.BigInteger(), nullable=False),
        sa.Column("officer", sa.String(length=80), nullable=False, comment="who had it and has left"),
        sa.Column("to_officers", sa.Text(), nullable=False, comment="county keys, with a comma between"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("listed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["request_id"], ["request.id"], name=op.f("fk_passed_on_request_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passed_on")),
    )
    op.create_index(op.f("ix_passed_on_request_id"), "passed_on", ["request_id"], unique=False)
    op.create_index(
        "ix_passed_on_unlisted", "passed_on", ["officer"], unique=False, postgresql_where=sa.text("listed_at IS NULL")
    )
    op.create_table(
        "absence_form",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("officer", sa.String(length=80), nullable=False),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("nonce", sa.String(length=64), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("wrong_codes", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True, comment="machine time"),
        sa.Column("letter_id", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["letter_id"], ["letter.id"], name=op.f("fk_absence_form_letter_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_absence_form")),
        sa.UniqueConstraint("letter_id", name=op.f("uq_absence_form_letter_id")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_absence_form_token_hash")),
    )
    op.create_table(
        "address_mark",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("address", sa.String(length=254), nullable=False, comment="in small letters"),
        sa.Column("office", sa.String(length=60), nullable=False),
        sa.Column("officer", sa.String(length=80), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False, comment="the code of the report, such as 5.1.1"),
        sa.Column("letter_id", sa.BigInteger(), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cleared_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cleared_by", sa.String(length=80), nullable=False),
        sa.CheckConstraint(
            "reason IN ('no_mailbox', 'mailbox_closed', 'unreachable', 'refused', 'unsaid')",
            name=op.f("ck_address_mark_reason_listed"),
        ),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_address_mark_case_id")),
        sa.ForeignKeyConstraint(["letter_id"], ["letter.id"], name=op.f("fk_address_mark_letter_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address_mark")),
    )
    op.create_index(op.f("ix_address_mark_case_id"), "address_mark", ["case_id"], unique=False)
    op.create_index(op.f("ix_address_mark_letter_id"), "address_mark", ["letter_id"], unique=False)
    op.create_index(
        "uq_address_mark_live", "address_mark", ["address"], unique=True, postgresql_where=sa.text("cleared_at IS NULL")
    )
    op.create_table(
        "contact",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("officer", sa.String(length=80), nullable=False),
        sa.Column(
            "name",
            sa.String(length=80),
            nullable=False,
            comment="kept, because a leaver's is no longer in the county's file",
        ),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("nonce", sa.String(length=64), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("wrong_codes", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True, comment="machine time"),
        sa.Column("letter_id", sa.BigInteger(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_by", sa.String(length=80), nullable=False, comment="the name that was typed"),
        sa.Column(
            "told_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="when the coordinator heard that it is not confirmed",
        ),
        sa.CheckConstraint("state IN ('unconfirmed', 'confirmed')", name=op.f("ck_contact_state_listed")),
        sa.ForeignKeyConstraint(["letter_id"], ["letter.id"], name=op.f("fk_contact_letter_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact")),
        sa.UniqueConstraint("officer", "address", name=op.f("uq_contact_officer_address")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_contact_token_hash")),
    )
    op.create_table(
        "returned_mail",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("sort", sa.String(length=20), nullable=False),
        sa.Column(
            "mailbox",
            sa.String(length=120),
            nullable=False,
            comment="where it lay: the folder, or a digest and UIDVALIDITY",
        ),
        sa.Column("number", sa.BigInteger(), nullable=True, comment="its UID there"),
        sa.Column(
            "settled",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="marked or moved in the mailbox",
        ),
        sa.Column("letter_id", sa.BigInteger(), nullable=True),
        sa.Column("case_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "read_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="machine time",
        ),
        sa.CheckConstraint(
            "sort IN ('bounced', 'delayed', 'automatic', 'reply', 'foreign', 'faulty')",
            name=op.f("ck_returned_mail_sort_listed"),
        ),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_returned_mail_case_id")),
        sa.ForeignKeyConstraint(["letter_id"], ["letter.id"], name=op.f("fk_returned_mail_letter_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_returned_mail")),
        sa.UniqueConstraint("key", name=op.f("uq_returned_mail_key")),
    )
    op.create_index(op.f("ix_returned_mail_case_id"), "returned_mail", ["case_id"], unique=False)
    op.create_index(op.f("ix_returned_mail_letter_id"), "returned_mail", ["letter_id"], unique=False)
    op.create_index(
        "ix_returned_mail_position",
        "returned_mail",
        ["mailbox", "number"],
        unique=False,
        postgresql_where=sa.text("number IS NOT NULL"),
    )
    op.create_table(
        "sending",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("letter_id", sa.BigInteger(), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=True, comment="none: the letter is of no case"),
        sa.Column("officer", sa.String(length=80), nullable=True),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("counted", sa.Boolean(), nullable=False, comment="false for the letter that tells of a ceiling"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_sending_case_id")),
        sa.ForeignKeyConstraint(["letter_id"], ["letter.id"], name=op.f("fk_sending_letter_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sending")),
    )
    op.create_index("ix_sending_at", "sending", ["at"], unique=False)
    op.alter_column(
        "event",
        "case_id",
        existing_type=sa.BIGINT(),
        nullable=True,
        comment="none: what concerns the county's people and no case",
    )
    op.add_column("handover", sa.Column("occasion", sa.Text(), server_default="", nullable=False))
    op.drop_constraint(op.f("uq_handover_giver_id_mechanism"), "handover", type_="unique")
    op.create_unique_constraint(
        op.f("uq_handover_giver_id_mechanism_occasion"), "handover", ["giver_id", "mechanism", "occasion"]
    )
    op.add_column(
        "letter",
        sa.Column(
            "carried_by",
            sa.String(length=120),
            nullable=True,
            comment="Message-ID of the mail it is or was given in: its own or a digest's",
        ),
    )
    op.add_column(
        "letter",
        sa.Column("refusals", sa.Integer(), server_default="0", nullable=False, comment="temporary, of this letter"),
    )
    op.add_column(
        "letter",
        sa.Column(
            "unknown_results",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="sendings of which nobody knows whether they were taken",
        ),
    )
    op.add_column(
        "letter",
        sa.Column(
            "waits_since",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
            comment="when it was put, by the machine's time",
        ),
    )
    op.add_column(
        "letter",
        sa.Column(
            "late",
            sa.Boolean(),
            server_default="false",
            nullable=False,
            comment="its case's log has said that it waits for too long",
        ),
    )
    op.alter_column(
        "letter",
        "case_id",
        existing_type=sa.BIGINT(),
        nullable=True,
        comment="none: the letter is about the county's people and no case",
    )
    op.drop_index(
        op.f("ix_letter_waiting"),
        table_name="letter",
        postgresql_where="((state)::text = ANY ((ARRAY['pending'::character varying, 'sending'::character varying])::text[]))",
    )
    op.create_index(
        "ix_letter_carried_by",
        "letter",
        ["carried_by"],
        unique=False,
        postgresql_where=sa.text("carried_by IS NOT NULL"),
    )
    op.create_index(
        "ix_letter_in_hand",
        "letter",
        ["next_try"],
        unique=False,
        postgresql_where=sa.text("state IN ('pending', 'sending', 'uncertain', 'held')"),
    )
    op.alter_column(
        "link", "wrong_codes", existing_type=sa.INTEGER(), comment="since the last right one", existing_nullable=False
    )
    op.drop_column("link", "locked_until")
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
    op.drop_index(op.f("uq_proceeding_one_live"), table_name="proceeding", postgresql_where="(closed_at IS NULL)")
    op.create_index(
        "uq_proceeding_one_at_work",
        "proceeding",
        ["case_id", "mechanism"],
        unique=True,
        postgresql_where=sa.text("closed_at IS NULL AND outcome IS NULL"),
    )
    op.add_column(
        "report",
        sa.Column(
            "alleged_perpetrator",
            sa.Text(),
            server_default="",
            nullable=False,
            comment="name, or relation to the child; personal, read with the narrative only",
        ),
    )
    op.add_column(
        "request",
        sa.Column(
            "holds",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'"),
            nullable=False,
            comment="when the answer's clock stands still: since, until, reason",
        ),
    )
    op.create_index(
        "ix_request_used_up",
        "request",
        ["id"],
        unique=False,
        postgresql_where=sa.text("state IN ('asked', 'acknowledged') AND next_climb_at IS NULL"),
    )

    op.drop_constraint(op.f("ck_case_closing_ground_listed"), "case", type_="check")
    op.create_check_constraint(
        op.f("ck_case_closing_ground_listed"),
        "case",
        """closing_ground IN ('handed_on', 'risk_removed', 'returned_and_stable', 'new_guardian_settled', 'adopted', 'turned_18', 'died', 'moved_jurisdiction', 'entitlement_ended', 'no_need', 'unfounded', 'reviewed')""",
    )

    op.drop_constraint(op.f("ck_proceeding_outcome_listed"), "proceeding", type_="check")
    op.create_check_constraint(
        op.f("ck_proceeding_outcome_listed"),
        "proceeding",
        """outcome IN ('handed_on', 'risk_removed', 'returned_and_stable', 'new_guardian_settled', 'adopted', 'turned_18', 'died', 'moved_jurisdiction', 'entitlement_ended', 'no_need', 'unfounded', 'reviewed')""",
    )

    op.drop_constraint(op.f("ck_event_event_listed"), "event", type_="check")
    op.create_check_constraint(
        op.f("ck_event_event_listed"),
        "event",
        """event IN ('report_filed', 'case_opened', 'proceeding_opened', 'request_asked', 'office_informed', 'request_acknowledged', 'request_done', 'request_declined', 'request_rerouted', 'request_reopened', 'request_withdrawn', 'facts_requested', 'facts_supplied', 'extension_requested', 'extension_granted', 'extension_refused', 'request_held', 'request_resumed', 'rung_reached', 'request_listed', 'letter_handed_over', 'letter_failed', 'letter_stale', 'letter_uncertain', 'letter_late', 'ceiling_reached', 'letter_bounced', 'letter_delayed', 'mail_received', 'address_cleared', 'recipient_missing', 'handed_over', 'proceeding_closed', 'case_closed', 'case_reopened', 'appointment_came', 'proceeding_repaired', 'deadline_reckoned_anew', 'disclosure_code_sent', 'particulars_read', 'link_worn', 'request_passed_on', 'office_recused', 'person_barred', 'bar_lifted', 'absence_set', 'absence_ended', 'contact_confirmed')""",
    )

    op.drop_constraint(op.f("ck_letter_state_listed"), "letter", type_="check")
    op.create_check_constraint(
        op.f("ck_letter_state_listed"),
        "letter",
        """state IN ('pending', 'sending', 'handed_over', 'uncertain', 'held', 'failed', 'stale', 'bounced')""",
    )

    op.drop_constraint(op.f("ck_answer_channel_listed"), "answer", type_="check")
    op.create_check_constraint(
        op.f("ck_answer_channel_listed"), "answer", """channel IN ('link', 'phone', 'records')"""
    )


def downgrade() -> None:
    """A step back is a restore from a backup: the records are never thrown away by a schema."""
    raise RuntimeError("restore a backup instead of stepping the schema back")
