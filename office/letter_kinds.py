"""The closed lists of the post: kinds of letters, why one does not arrive, and what a ceiling counts."""

from __future__ import annotations

from rules.vocabulary import Labelled


class LetterKind(Labelled):
    """Every kind of letter; the value is the name of its template folder."""

    ASKED = "asked", "交办"
    REMINDER = "reminder", "提醒"
    ESCALATION = "escalation", "逾期告知"
    CLOSING_NOTICE = "closing_notice", "答复告知"
    INFORMED = "informed", "通报"
    TAKEN_BY = "taken_by", "签收告知"
    CONFIRMATION = "confirmation", "回执"
    MOVED = "moved", "改派或撤回"
    QUESTION_ANSWERED = "question_answered", "补充材料"
    EXTENSION_DECIDED = "extension_decided", "延期决定"
    HELD = "held", "暂停或恢复计时"
    RECIPIENT_MISSING = "recipient_missing", "未送达"
    PROCEEDING_CLOSED = "proceeding_closed", "机制办结"
    DISCLOSURE_CODE = "disclosure_code", "查阅码"
    DEADLINE_MOVED = "deadline_moved", "时限提前"
    CALENDAR_MISSING = "calendar_missing", "日历待公布"
    CEILING_REACHED = "ceiling_reached", "信件达到上限"
    DIGEST = "digest", "合并信件"
    MAIL_RECEIVED = "mail_received", "来信提示"
    ADDRESS_CHECK = "address_check", "邮箱确认"
    CONTACTS_UNCONFIRMED = "contacts_unconfirmed", "邮箱未确认"
    STEPS_PASSED_ON = "steps_passed_on", "离岗转办清单"
    ABSENCE_FORM = "absence_form", "离岗登记"
    STANDING_IN = "standing_in", "离岗代理告知"
    CLOCK_SILENT = "clock_silent", "督办中断"
    PROCEEDING_STUCK = "proceeding_stuck", "流程受阻"
    UNRESOLVED = "unresolved", "未解决清单"
    LETTERS_REST = "letters_rest", "信件停发"

    @property
    def is_copy(self) -> bool:
        """True for letters that only inform: they say so in the subject and carry no link."""
        return bool(self.copy_mark)

    @property
    def copy_mark(self) -> str:
        """What a copy is called in its subject, "" for other letters.

        "No reply needed" stands only where nothing is to be done: an escalation asks its reader to press the office.
        """
        if self in (
            LetterKind.ESCALATION,
            LetterKind.CALENDAR_MISSING,
            LetterKind.MAIL_RECEIVED,
            LetterKind.CONTACTS_UNCONFIRMED,
            LetterKind.STEPS_PASSED_ON,
            LetterKind.STANDING_IN,
            LetterKind.CLOCK_SILENT,
            LetterKind.LETTERS_REST,
            LetterKind.UNRESOLVED,
        ):
            return "抄告"
        just_told = (
            LetterKind.CLOSING_NOTICE, LetterKind.INFORMED, LetterKind.TAKEN_BY, LetterKind.PROCEEDING_CLOSED
        )  # fmt: skip
        return "知会，无需回复" if self in just_told else ""

    @property
    def is_personal(self) -> bool:
        """True for letters that are for the one they were made for, and for no stand-in or next contact."""
        return self is LetterKind.CONFIRMATION or self.is_for_nobody_else

    @property
    def is_for_nobody_else(self) -> bool:
        """True for letters that are worth nothing, or not meant, for anybody of the office but their recipient."""
        return self in (
            LetterKind.DISCLOSURE_CODE,
            LetterKind.ADDRESS_CHECK,
            LetterKind.ABSENCE_FORM,
            LetterKind.STANDING_IN,
        )


class UndeliveredReason(Labelled):
    """Why a letter did not reach whom it was meant for."""

    LEFT = "left", "收件人已不在该单位的名册上"
    NO_ADDRESS = "no_address", "收件人没有可用的电子邮箱"
    REFUSED = "refused", "邮件服务器拒收该信件"
    UNWRITABLE = "unwritable", "信件内容无法生成"
    GIVEN_UP = "given_up", "邮件服务器多次暂不受理，已停止重试"
    UNCERTAIN = "uncertain", "邮件服务器收信后未确认，是否送达不明"
    BOUNCED = "bounced", "信件送出后被退回"
    MARKED = "marked", "收件地址此前被退信，尚未恢复使用"
    BARRED = "barred", "收件人应当回避本案"


class Branch(Labelled):
    """What a ceiling bounds: letters in an hour about one case, to one officer, or of the whole installation."""

    CASE = "case", "同一案件"
    RECIPIENT = "recipient", "同一收件人"
    HOUR = "hour", "全部信件"
