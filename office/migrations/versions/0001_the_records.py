"""the records"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """the records"""
    op.create_table(
        "calendar_state",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("last_published_year", sa.Integer(), nullable=False),
        sa.Column(
            "days",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="days_off, working_days, published_years",
        ),
        sa.Column("reckoned_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_calendar_state_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_state")),
    )
    op.create_table(
        "child",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("number", sa.String(length=30), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_child")),
        sa.UniqueConstraint("number", name=op.f("uq_child_number")),
    )
    op.create_table(
        "county_clock",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("machine_anchor", sa.DateTime(timezone=True), nullable=False),
        sa.Column("county_anchor", sa.DateTime(timezone=True), nullable=False),
        sa.Column("scale", sa.Double(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_county_clock_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_county_clock")),
    )
    op.create_table(
        "escalation_round",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("flow_run_id", sa.UUID(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_escalation_round")),
        sa.UniqueConstraint("flow_run_id", name=op.f("uq_escalation_round_flow_run_id")),
    )
    op.create_index(
        "ix_escalation_round_unshown",
        "escalation_round",
        ["id"],
        unique=False,
        postgresql_where=sa.text("flow_run_id IS NULL"),
    )
    op.create_table(
        "series",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", "year", name=op.f("pk_series")),
    )
    op.create_table(
        "case",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("number", sa.String(length=30), nullable=False),
        sa.Column("child_id", sa.BigInteger(), nullable=False),
        sa.Column("township", sa.String(length=60), nullable=False),
        sa.Column("village", sa.String(length=60), nullable=False),
        sa.Column("urgency", sa.String(length=20), nullable=False),
        sa.Column("danger_now", sa.Boolean(), nullable=False),
        sa.Column("poverty_only", sa.Boolean(), nullable=False),
        sa.Column("named_reporter", sa.Boolean(), nullable=False),
        sa.Column("supervisor", sa.String(length=60), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closing_ground", sa.String(length=40), nullable=True),
        sa.CheckConstraint(
            "closing_ground IN ('handed_on', 'risk_removed', 'returned_and_stable', 'new_guardian_settled', 'adopted', 'turned_18', 'died', 'moved_jurisdiction', 'entitlement_ended', 'no_need', 'unfounded')",
            name=op.f("ck_case_closing_ground_listed"),
        ),
        sa.CheckConstraint("urgency IN ('emergency', 'ordinary')", name=op.f("ck_case_urgency_listed")),
        sa.ForeignKeyConstraint(["child_id"], ["child.id"], name=op.f("fk_case_child_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case")),
        sa.UniqueConstraint("number", name=op.f("uq_case_number")),
    )
    op.create_index(op.f("ix_case_child_id"), "case", ["child_id"], unique=False)
    op.create_table(
        "proceeding",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("mechanism", sa.String(length=40), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(length=40), nullable=True),
        sa.Column("flow_run_id", sa.UUID(), nullable=True),
        sa.Column("news", sa.Integer(), nullable=False),
        sa.Column("asleep", sa.Boolean(), nullable=False),
        sa.Column("wait_number", sa.Integer(), nullable=False),
        sa.Column("wait_name", sa.Text(), nullable=False),
        sa.Column("wait_message", sa.Text(), nullable=False),
        sa.Column("woken_at", sa.DateTime(timezone=True), nullable=True, comment="machine time"),
        sa.Column("resume_holder", sa.String(length=60), nullable=True),
        sa.Column("resume_until", sa.DateTime(timezone=True), nullable=True, comment="machine time"),
        sa.Column("lease_holder", sa.String(length=60), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True, comment="machine time"),
        sa.Column(
            "mends", sa.Integer(), nullable=False, comment="times put back on its way since it last came to rest"
        ),
        sa.Column("display", sa.Integer(), nullable=False, comment="grows when what Prefect should show has changed"),
        sa.Column("shown", sa.Integer(), nullable=False, comment="the display that Prefect shows"),
        sa.CheckConstraint(
            "mechanism IN ('mandatory_report', 'emergency_handling', 'assessment_and_assistance', 'guardianship_intervention')",
            name=op.f("ck_proceeding_mechanism_listed"),
        ),
        sa.CheckConstraint(
            "outcome IN ('handed_on', 'risk_removed', 'returned_and_stable', 'new_guardian_settled', 'adopted', 'turned_18', 'died', 'moved_jurisdiction', 'entitlement_ended', 'no_need', 'unfounded')",
            name=op.f("ck_proceeding_outcome_listed"),
        ),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_proceeding_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proceeding")),
        sa.UniqueConstraint("case_id", "mechanism", "serial", name=op.f("uq_proceeding_case_id_mechanism_serial")),
        sa.UniqueConstraint("flow_run_id", name=op.f("uq_proceeding_flow_run_id")),
    )
    op.create_index(op.f("ix_proceeding_case_id"), "proceeding", ["case_id"], unique=False)
    op.create_index(
        "ix_proceeding_unshown", "proceeding", ["id"], unique=False, postgresql_where=sa.text("shown < display")
    )
    op.create_index(
        "ix_proceeding_unstarted",
        "proceeding",
        ["id"],
        unique=False,
        postgresql_where=sa.text("flow_run_id IS NULL AND closed_at IS NULL"),
    )
    op.create_index(
        "ix_proceeding_woken",
        "proceeding",
        ["woken_at"],
        unique=False,
        postgresql_where=sa.text("woken_at IS NOT NULL AND closed_at IS NULL"),
    )
    op.create_index(
        "uq_proceeding_one_live",
        "proceeding",
        ["case_id", "mechanism"],
        unique=True,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "report",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("receipt", sa.String(length=30), nullable=False),
        sa.Column("query_code", sa.String(length=20), nullable=False),
        sa.Column("form_key", sa.String(length=80), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("reporter_kind", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.String(length=60), nullable=False),
        sa.Column("danger_now", sa.Boolean(), nullable=True),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("narrative", sa.Text(), nullable=False),
        sa.Column("child_description", sa.Text(), nullable=False),
        sa.Column("place_detail", sa.Text(), nullable=False),
        sa.Column("reporter_name", sa.Text(), nullable=False),
        sa.Column("reporter_contact", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "reason IN ('genital_injury', 'under14_girl_sexual_abuse_pregnancy', 'over14_girl_abuse_pregnancy', 'multiple_injuries_malnutrition_unconscious', 'unnatural_injury_or_death', 'abandoned_or_long_unattended', 'unknown_origin_missing_trafficked', 'organized_begging', 'other_serious_or_imminent', 'alone_living', 'guardian_incapable', 'guardian_neglect', 'suspected_domestic_violence', 'suspected_accident_or_harm', 'poverty_or_disability')",
            name=op.f("ck_report_reason_listed"),
        ),
        sa.CheckConstraint(
            "reporter_kind IN ('state_organ', 'village_committee', 'school', 'childcare', 'medical', 'welfare_rescue', 'lodging', 'venue', 'close_contact_unit', 'guardian', 'citizen')",
            name=op.f("ck_report_reporter_kind_listed"),
        ),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_report_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report")),
        sa.UniqueConstraint("form_key", name=op.f("uq_report_form_key")),
        sa.UniqueConstraint("receipt", name=op.f("uq_report_receipt")),
    )
    op.create_index(op.f("ix_report_case_id"), "report", ["case_id"], unique=False)
    op.create_table(
        "handover",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("giver_id", sa.BigInteger(), nullable=False),
        sa.Column("mechanism", sa.String(length=40), nullable=False),
        sa.Column("taker_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "mechanism IN ('mandatory_report', 'emergency_handling', 'assessment_and_assistance', 'guardianship_intervention')",
            name=op.f("ck_handover_mechanism_listed"),
        ),
        sa.ForeignKeyConstraint(["giver_id"], ["proceeding.id"], name=op.f("fk_handover_giver_id")),
        sa.ForeignKeyConstraint(["taker_id"], ["proceeding.id"], name=op.f("fk_handover_taker_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handover")),
        sa.UniqueConstraint("giver_id", "mechanism", name=op.f("uq_handover_giver_id_mechanism")),
    )
    op.create_index(op.f("ix_handover_taker_id"), "handover", ["taker_id"], unique=False)
    op.create_table(
        "request",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("proceeding_id", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.String(length=60), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("concerns", sa.BigInteger(), nullable=True),
        sa.Column(
            "about", sa.String(length=120), nullable=False, comment="for the coordinator: which office, which step"
        ),
        sa.Column("office", sa.String(length=60), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("terms", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("acknowledge_by", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due", sa.DateTime(timezone=True), nullable=False),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False, comment="its letters never wait for office hours"),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("owner", sa.String(length=80), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "reckoned_from",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="since when the answer's clock runs, where it runs on from an earlier round; none: since asked_at",
        ),
        sa.Column(
            "extensions",
            sa.Integer(),
            nullable=False,
            comment="how often the limit was added to the answer's deadline, earlier rounds included",
        ),
        sa.Column("next_climb_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("level", sa.String(length=20), nullable=True),
        sa.CheckConstraint(
            "(state IN ('done', 'declined', 'withdrawn')) = (ended_at IS NOT NULL)", name=op.f("ck_request_ended")
        ),
        sa.CheckConstraint(
            "state IN ('asked', 'acknowledged') OR next_climb_at IS NULL", name=op.f("ck_request_no_climb_after_end")
        ),
        sa.CheckConstraint(
            "state IN ('asked', 'acknowledged', 'done', 'declined', 'withdrawn')", name=op.f("ck_request_state_listed")
        ),
        sa.ForeignKeyConstraint(["concerns"], ["request.id"], name=op.f("fk_request_concerns")),
        sa.ForeignKeyConstraint(["proceeding_id"], ["proceeding.id"], name=op.f("fk_request_proceeding_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_request")),
        sa.UniqueConstraint(
            "proceeding_id", "step", "subject", "round", name=op.f("uq_request_proceeding_id_step_subject_round")
        ),
    )
    op.create_index(
        "ix_request_climb",
        "request",
        ["next_climb_at"],
        unique=False,
        postgresql_where=sa.text("next_climb_at IS NOT NULL"),
    )
    op.create_index(op.f("ix_request_concerns"), "request", ["concerns"], unique=False)
    op.create_index(op.f("ix_request_office"), "request", ["office"], unique=False)
    op.create_index(
        "ix_request_open",
        "request",
        ["proceeding_id"],
        unique=False,
        postgresql_where=sa.text("state IN ('asked', 'acknowledged')"),
    )
    op.create_index(op.f("ix_request_proceeding_id"), "request", ["proceeding_id"], unique=False)
    op.create_table(
        "event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event", sa.String(length=40), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("proceeding_id", sa.BigInteger(), nullable=True),
        sa.Column("request_id", sa.BigInteger(), nullable=True),
        sa.Column("step", sa.String(length=60), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("office", sa.String(length=60), nullable=False),
        sa.Column("level", sa.String(length=20), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False, comment="never personal"),
        sa.CheckConstraint(
            "event IN ('report_filed', 'case_opened', 'proceeding_opened', 'request_asked', 'office_informed', 'request_acknowledged', 'request_done', 'request_declined', 'request_rerouted', 'request_reopened', 'request_withdrawn', 'facts_requested', 'facts_supplied', 'extension_requested', 'extension_granted', 'extension_refused', 'rung_reached', 'letter_handed_over', 'letter_failed', 'letter_stale', 'recipient_missing', 'handed_over', 'proceeding_closed', 'case_closed', 'proceeding_repaired', 'deadline_reckoned_anew', 'disclosure_code_sent', 'particulars_read')",
            name=op.f("ck_event_event_listed"),
        ),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_event_case_id")),
        sa.ForeignKeyConstraint(["proceeding_id"], ["proceeding.id"], name=op.f("fk_event_proceeding_id")),
        sa.ForeignKeyConstraint(["request_id"], ["request.id"], name=op.f("fk_event_request_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
    )
    op.create_index(op.f("ix_event_case_id"), "event", ["case_id"], unique=False)
    op.create_index(op.f("ix_event_request_id"), "event", ["request_id"], unique=False)
    op.create_table(
        "letter",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("message_id", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("request_id", sa.BigInteger(), nullable=True),
        sa.Column("request_version", sa.Integer(), nullable=True),
        sa.Column("level", sa.String(length=20), nullable=True),
        sa.Column("to_office", sa.String(length=60), nullable=False),
        sa.Column("to_officer", sa.String(length=80), nullable=False),
        sa.Column("address", sa.String(length=254), nullable=True),
        sa.Column("acts", sa.Boolean(), nullable=False, comment="carries a link that acts; information copies do not"),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("put_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "next_try",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="machine time",
        ),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("handed_over_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fault", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "state IN ('pending', 'sending', 'handed_over', 'failed', 'stale', 'bounced')",
            name=op.f("ck_letter_state_listed"),
        ),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_letter_case_id")),
        sa.ForeignKeyConstraint(["request_id"], ["request.id"], name=op.f("fk_letter_request_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter")),
        sa.UniqueConstraint("key", name=op.f("uq_letter_key")),
        sa.UniqueConstraint("message_id", name=op.f("uq_letter_message_id")),
    )
    op.create_index(op.f("ix_letter_case_id"), "letter", ["case_id"], unique=False)
    op.create_index(op.f("ix_letter_request_id"), "letter", ["request_id"], unique=False)
    op.create_index(
        "ix_letter_waiting",
        "letter",
        ["next_try"],
        unique=False,
        postgresql_where=sa.text("state IN ('pending', 'sending')"),
    )
    op.create_table(
        "rung",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("request_id", sa.BigInteger(), nullable=False),
        sa.Column("clock", sa.String(length=20), nullable=False),
        sa.Column("level", sa.String(length=20), nullable=False),
        sa.Column("repeat", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reached_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("round_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("clock IN ('acknowledge', 'answer')", name=op.f("ck_rung_clock_listed")),
        sa.CheckConstraint(
            "level IN ('reminder', 'office_head', 'coordinator', 'leader', 'joint_meeting')",
            name=op.f("ck_rung_level_listed"),
        ),
        sa.ForeignKeyConstraint(["request_id"], ["request.id"], name=op.f("fk_rung_request_id")),
        sa.ForeignKeyConstraint(["round_id"], ["escalation_round.id"], name=op.f("fk_rung_round_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rung")),
        sa.UniqueConstraint(
            "request_id", "clock", "level", "repeat", name=op.f("uq_rung_request_id_clock_level_repeat")
        ),
    )
    op.create_index(op.f("ix_rung_request_id"), "rung", ["request_id"], unique=False)
    op.create_index(op.f("ix_rung_round_id"), "rung", ["round_id"], unique=False)
    op.create_table(
        "link",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("letter_id", sa.BigInteger(), nullable=False),
        sa.Column("request_id", sa.BigInteger(), nullable=False),
        sa.Column("request_version", sa.Integer(), nullable=False),
        sa.Column("office", sa.String(length=60), nullable=False),
        sa.Column("officer", sa.String(length=80), nullable=False),
        sa.Column("nonce", sa.String(length=64), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("wrong_codes", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True, comment="machine time"),
        sa.ForeignKeyConstraint(["letter_id"], ["letter.id"], name=op.f("fk_link_letter_id")),
        sa.ForeignKeyConstraint(["request_id"], ["request.id"], name=op.f("fk_link_request_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link")),
        sa.UniqueConstraint("letter_id", name=op.f("uq_link_letter_id")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_link_token_hash")),
    )
    op.create_index(op.f("ix_link_request_id"), "link", ["request_id"], unique=False)
    op.create_table(
        "answer",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("request_id", sa.BigInteger(), nullable=False),
        sa.Column("reference", sa.String(length=30), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("channel", sa.String(length=10), nullable=False),
        sa.Column("office", sa.String(length=60), nullable=False),
        sa.Column(
            "officer",
            sa.String(length=80),
            nullable=False,
            comment="county key of the officer whose link or call it was",
        ),
        sa.Column("typed_name", sa.String(length=80), nullable=False),
        sa.Column("entered_by", sa.String(length=80), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("instead", sa.String(length=60), nullable=False),
        sa.Column("link_id", sa.BigInteger(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("channel IN ('link', 'phone')", name=op.f("ck_answer_channel_listed")),
        sa.CheckConstraint(
            "kind IN ('received', 'done', 'declined', 'more_facts', 'extension')", name=op.f("ck_answer_kind_listed")
        ),
        sa.ForeignKeyConstraint(["link_id"], ["link.id"], name=op.f("fk_answer_link_id")),
        sa.ForeignKeyConstraint(["request_id"], ["request.id"], name=op.f("fk_answer_request_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answer")),
        sa.UniqueConstraint("reference", name=op.f("uq_answer_reference")),
    )
    op.create_index(op.f("ix_answer_request_id"), "answer", ["request_id"], unique=False)
    op.create_index(
        "uq_answer_one_decision",
        "answer",
        ["request_id"],
        unique=True,
        postgresql_where=sa.text("kind IN ('done', 'declined')"),
    )
    op.create_index(
        "uq_answer_one_receipt", "answer", ["request_id"], unique=True, postgresql_where=sa.text("kind = 'received'")
    )
    op.create_table(
        "disclosure",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("link_id", sa.BigInteger(), nullable=False),
        sa.Column("letter_id", sa.BigInteger(), nullable=False),
        sa.Column("nonce", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False, comment="machine time"),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False, comment="machine time"),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True, comment="machine time"),
        sa.Column("wrong_tries", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["letter_id"], ["letter.id"], name=op.f("fk_disclosure_letter_id")),
        sa.ForeignKeyConstraint(["link_id"], ["link.id"], name=op.f("fk_disclosure_link_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disclosure")),
        sa.UniqueConstraint("letter_id", name=op.f("uq_disclosure_letter_id")),
    )
    op.create_index(op.f("ix_disclosure_link_id"), "disclosure", ["link_id"], unique=False)

    for statement in APPEND_ONLY:
        op.execute(statement)


APPEND_ONLY = (
    """CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed', TG_TABLE_NAME;
END $$""",
    """CREATE TRIGGER event_append_only BEFORE UPDATE OR DELETE ON event
    FOR EACH ROW EXECUTE FUNCTION refuse_change()""",
    """CREATE TRIGGER event_not_emptied BEFORE TRUNCATE ON event
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""",
)


def downgrade() -> None:
    """A step back is a restore from a backup: the records are never thrown away by a schema."""
    raise RuntimeError("restore a backup instead of stepping the schema back")
