"""The nouns of the document, each with the word that officers use for it.

English identifiers follow the field's standard terms; the Chinese label is what a page, a letter
or the Prefect UI shows.
"""

from __future__ import annotations

from enum import StrEnum


class Labelled(StrEnum):
    """A closed list whose members carry the Chinese word shown to officers."""

    label: str

    def __new__(cls, value: str, label: str = "") -> Labelled:
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = label
        return member


class Mechanism(Labelled):
    """The four linked mechanisms of 晋政发〔2017〕46号 四."""

    MANDATORY_REPORT = "mandatory_report", "强制报告"
    EMERGENCY_HANDLING = "emergency_handling", "应急处置"
    ASSESSMENT_AND_ASSISTANCE = "assessment_and_assistance", "评估帮扶"
    GUARDIANSHIP_INTERVENTION = "guardianship_intervention", "监护干预"


class Office(Labelled):
    """An office as the document names it; which office of which township is asked is `rules.routing`'s matter."""

    CIVIL_AFFAIRS = "civil_affairs", "民政"
    WOMEN_CHILDREN_OFFICE = "women_children_office", "妇儿工委办"
    FINANCE = "finance", "财政"
    EDUCATION = "education", "教育"
    HEALTH = "health", "卫健"
    HEALTHCARE_SECURITY = "healthcare_security", "医保"
    HUMAN_RESOURCES = "human_resources", "人社"
    PUBLIC_SECURITY = "public_security", "公安"
    JUSTICE = "justice", "司法"
    COURT = "court", "法院"
    PROCURATORATE = "procuratorate", "检察院"
    WOMENS_FEDERATION = "womens_federation", "妇联"
    YOUTH_LEAGUE = "youth_league", "共青团"
    TRADE_UNION = "trade_union", "工会"
    DISABLED_PERSONS_FEDERATION = "disabled_persons_federation", "残联"
    NEXT_GENERATION_COMMITTEE = "next_generation_committee", "关工委"
    MINOR_PROTECTION_CENTER = "minor_protection_center", "救助保护机构"
    CHILD_WELFARE_INSTITUTION = "child_welfare_institution", "儿童福利机构"
    SOCIAL_ORGANIZATION = "social_organization", "社会组织"
    TOWNSHIP = "township", "乡镇(街道)"
    VILLAGE_COMMITTEE = "village_committee", "村(居)委会"
    COORDINATOR = "coordinator", "协调员"
    LEADER = "leader", "分管领导"
    JOINT_MEETING = "joint_meeting", "联席会议"


class Urgency(Labelled):
    """How a step's letters may travel: an emergency step never waits for office hours."""

    EMERGENCY = "emergency", "紧急"
    ORDINARY = "ordinary", "一般"


class Level(Labelled):
    """The rungs of a ladder, lowest first. No text gives a ladder of overdue days: it is a county setting."""

    REMINDER = "reminder", "提醒"
    OFFICE_HEAD = "office_head", "单位负责人"
    COORDINATOR = "coordinator", "协调员"
    LEADER = "leader", "分管领导"
    JOINT_MEETING = "joint_meeting", "联席会议"

    @property
    def height(self) -> int:
        """0 for the reminder, 4 for the joint meeting."""
        return list(Level).index(self)

    @property
    def and_above(self) -> tuple[Level, ...]:
        """This level and those above it, lowest first."""
        return tuple(Level)[self.height :]


class RequestState(Labelled):
    """What has become of a step put to an office."""

    ASKED = "asked", "待签收"
    ACKNOWLEDGED = "acknowledged", "办理中"
    DONE = "done", "已办结"
    DECLINED = "declined", "已退回"
    WITHDRAWN = "withdrawn", "已撤回"

    @property
    def is_open(self) -> bool:
        """True while the office still owes an answer."""
        return self in (RequestState.ASKED, RequestState.ACKNOWLEDGED)


OPEN_STATES = tuple(state.value for state in RequestState if state.is_open)
"""Those of steps to which an office still owes an answer, as the records keep them."""


class AnswerKind(Labelled):
    """The answers an office can give."""

    RECEIVED = "received", "签收"
    DONE = "done", "办结"
    DECLINED = "declined", "退回"
    MORE_FACTS = "more_facts", "需要补充材料"
    EXTENSION = "extension", "申请延期"


class Channel(Labelled):
    """How an answer reached us."""

    LINK = "link", "邮件链接"
    PHONE = "phone", "电话"
    RECORDS = "records", "系统登记"


class LetterState(Labelled):
    """The outbox's states. "Notified" is claimed for none but `HANDED_OVER`."""

    PENDING = "pending", "待发"
    SENDING = "sending", "发送中"
    HANDED_OVER = "handed_over", "已送出"
    UNCERTAIN = "uncertain", "结果不明"
    HELD = "held", "达到上限暂缓"
    FAILED = "failed", "发送失败"
    STALE = "stale", "已过时未发"
    BOUNCED = "bounced", "被退信"

    @property
    def is_lost(self) -> bool:
        """Whether the letter reached nobody, as far as is known."""
        return self in (LetterState.FAILED, LetterState.BOUNCED)

    @property
    def may_arrive(self) -> bool:
        """Whether the letter has arrived, as far as is known, or may still."""
        return not self.is_lost and self is not LetterState.STALE


MAY_ARRIVE = tuple(state.value for state in LetterState if state.may_arrive)
"""Those of letters that have arrived or may still, as the records keep them."""


class MailSort(Labelled):
    """What came back into the sender's mailbox, once it was read. None of it is ever an answer."""

    BOUNCED = "bounced", "退信"
    DELAYED = "delayed", "投递延迟"
    AUTOMATIC = "automatic", "自动回复"
    REPLY = "reply", "来信"
    FOREIGN = "foreign", "与本系统信件无关"
    FAULTY = "faulty", "无法识读"


class BounceReason(Labelled):
    """Why a letter came back, by the class of its status code (RFC 3463, section 3)."""

    NO_MAILBOX = "no_mailbox", "收件地址不存在或不可用"
    MAILBOX_CLOSED = "mailbox_closed", "收件邮箱已停用或已满"
    UNREACHABLE = "unreachable", "对方邮件系统无法送达"
    REFUSED = "refused", "对方邮件系统拒收"
    UNSAID = "unsaid", "退信未说明原因"

    @classmethod
    def of_status(cls, status: str) -> BounceReason:
        """The reason behind an enhanced status code such as 5.1.1; `UNSAID` for "" and for what is no such code."""
        match status.split(".")[1:2]:
            case ["1"]:
                return cls.NO_MAILBOX
            case ["2"]:
                return cls.MAILBOX_CLOSED
            case ["3" | "4"]:
                return cls.UNREACHABLE
            case ["5" | "6" | "7"]:
                return cls.REFUSED
            case _:
                return cls.UNSAID


class Happening(Labelled):
    """The closed list of what the log can say, in the past tense."""

    REPORT_FILED = "report_filed", "收到报告"
    CASE_OPENED = "case_opened", "立卷"
    PROCEEDING_OPENED = "proceeding_opened", "机制启动"
    REQUEST_ASKED = "request_asked", "交办"
    OFFICE_INFORMED = "office_informed", "通报"
    REQUEST_ACKNOWLEDGED = "request_acknowledged", "签收"
    REQUEST_DONE = "request_done", "办结"
    REQUEST_DECLINED = "request_declined", "退回"
    REQUEST_REROUTED = "request_rerouted", "改派"
    REQUEST_REOPENED = "request_reopened", "重新交办"
    REQUEST_WITHDRAWN = "request_withdrawn", "撤回"
    FACTS_REQUESTED = "facts_requested", "要求补充材料"
    FACTS_SUPPLIED = "facts_supplied", "补充材料已送达"
    EXTENSION_REQUESTED = "extension_requested", "申请延期"
    EXTENSION_GRANTED = "extension_granted", "同意延期"
    EXTENSION_REFUSED = "extension_refused", "不同意延期"
    REQUEST_HELD = "request_held", "暂停计时"
    REQUEST_RESUMED = "request_resumed", "恢复计时"
    RUNG_REACHED = "rung_reached", "升级"
    REQUEST_LISTED = "request_listed", "列入未解决清单"
    LETTER_HANDED_OVER = "letter_handed_over", "信件送出"
    LETTER_FAILED = "letter_failed", "信件未送出"
    LETTER_STALE = "letter_stale", "信件过时未发"
    LETTER_UNCERTAIN = "letter_uncertain", "信件是否送达不明"
    LETTER_LATE = "letter_late", "信件久未送出"
    CEILING_REACHED = "ceiling_reached", "信件达到上限暂缓"
    LETTER_BOUNCED = "letter_bounced", "信件被退回"
    LETTER_DELAYED = "letter_delayed", "信件投递延迟"
    MAIL_RECEIVED = "mail_received", "发信信箱收到来信"
    ADDRESS_CLEARED = "address_cleared", "收件地址恢复使用"
    RECIPIENT_MISSING = "recipient_missing", "收件人缺失"
    HANDED_OVER = "handed_over", "移交"
    PROCEEDING_CLOSED = "proceeding_closed", "机制办结"
    CASE_CLOSED = "case_closed", "结案"
    CASE_REOPENED = "case_reopened", "重新立卷"
    APPOINTMENT_CAME = "appointment_came", "到期事项转入办理"
    PROCEEDING_REPAIRED = "proceeding_repaired", "恢复运行"
    DEADLINE_RECKONED_ANEW = "deadline_reckoned_anew", "期限重新计算"
    DISCLOSURE_CODE_SENT = "disclosure_code_sent", "发送查阅码"
    PARTICULARS_READ = "particulars_read", "查阅案情"
    LINK_WORN = "link_worn", "链接因验证码多次输错停用，另发新链接"
    REQUEST_PASSED_ON = "request_passed_on", "转给本单位其他人员"
    OFFICE_RECUSED = "office_recused", "单位无人可以承办"
    PERSON_BARRED = "person_barred", "人员回避"
    BAR_LIFTED = "bar_lifted", "解除回避"
    ABSENCE_SET = "absence_set", "登记离岗代理"
    ABSENCE_ENDED = "absence_ended", "结束离岗代理"
    CONTACT_CONFIRMED = "contact_confirmed", "确认联系邮箱"


class BarReason(Labelled):
    """Why a person can have no part in a case: never recipient, stand-in or viewer."""

    ALLEGED_PERPETRATOR = "alleged_perpetrator", "被指侵害人"
    RELATIVE = "relative", "当事人的近亲属"
    REPORTERS_OWN_REVIEWER = "reporters_own_reviewer", "与报告事项有利害关系"
    OTHER = "other", "其他应当回避的情形"


class ContactState(Labelled):
    """Whether an officer has said that letters to the address arrive."""

    UNCONFIRMED = "unconfirmed", "未确认"
    CONFIRMED = "confirmed", "已确认"


class AppointmentKind(Labelled):
    """What a day is noted for. All but the first stand in the child's file and outlive the proceeding that noted them."""

    WAIT = "wait", "候期"
    REVIEW = "review", "定期复核"
    AGE = "age", "到龄核对"
    COMING_OF_AGE = "coming_of_age", "年满18周岁"
    FACT = "fact", "新情况核对"


class NewFact(Labelled):
    """A court's decision after which entitlements are looked at again (legal-basis 1E, guardianship → schemes)."""

    GUARDIANSHIP_REVOKED = "guardianship_revoked", "监护人资格被撤销"
    GUARDIANSHIP_RESTORED = "guardianship_restored", "监护人资格已恢复"
    DECLARED_MISSING = "declared_missing", "父母被宣告失踪"
    DECLARED_DEAD = "declared_dead", "父母被宣告死亡"


class ClosingGround(Labelled):
    """Grounds on which a proceeding or a case may close (legal-basis 1F); no text sets a day count."""

    HANDED_ON = "handed_on", "移交其他机制"
    RISK_REMOVED = "risk_removed", "风险消除"
    RETURNED_AND_STABLE = "returned_and_stable", "回归家庭并稳定"
    NEW_GUARDIAN_SETTLED = "new_guardian_settled", "新监护人落实"
    ADOPTED = "adopted", "已被收养"
    TURNED_18 = "turned_18", "年满18周岁"
    DIED = "died", "死亡"
    MOVED_JURISDICTION = "moved_jurisdiction", "移送管辖"
    ENTITLEMENT_ENDED = "entitlement_ended", "保障终止"
    NO_NEED = "no_need", "经评估无需帮扶"
    UNFOUNDED = "unfounded", "经核实不属实"
    REVIEWED = "reviewed", "到期事项办结，继续保障"

    @property
    def is_final(self) -> bool:
        """Whether nothing else that ended at the same time may stand as the ground: the child is elsewhere, or gone."""
        return self.ends_the_file or self is ClosingGround.HANDED_ON

    @property
    def ends_the_file(self) -> bool:
        """Whether the county looks after this child no more: what is still noted in the file is crossed out."""
        return self in (
            ClosingGround.ADOPTED, ClosingGround.TURNED_18, ClosingGround.DIED, ClosingGround.MOVED_JURISDICTION
        )  # fmt: skip


class ReporterKind(Labelled):
    """Who reports (未成年人保护法 11; 高检发〔2020〕9号 3; legal-basis section 4)."""

    STATE_ORGAN = "state_organ", "国家机关"
    VILLAGE_COMMITTEE = "village_committee", "村(居)委会、儿童主任"
    SCHOOL = "school", "学校、幼儿园、校外培训机构"
    CHILDCARE = "childcare", "托育机构"
    MEDICAL = "medical", "医疗机构"
    WELFARE_RESCUE = "welfare_rescue", "福利、救助机构"
    LODGING = "lodging", "旅店、宾馆"
    VENUE = "venue", "大型公共场所"
    CLOSE_CONTACT_UNIT = "close_contact_unit", "其他密切接触未成年人的单位"
    GUARDIAN = "guardian", "父母或其他监护人"
    CITIZEN = "citizen", "其他公民"


class ReportReason(Labelled):
    """What must be reported (高检发〔2020〕9号 4; 国发〔2016〕13号 四(一)); the last one needs no police."""

    GENITAL_INJURY = "genital_injury", "生殖器官或隐私部位受伤"
    UNDER14_SEXUAL_ABUSE = "under14_girl_sexual_abuse_pregnancy", "不满14周岁女性疑遭性侵、怀孕、流产"
    OVER14_ABUSE = "over14_girl_abuse_pregnancy", "14周岁以上女性疑遭性侵而怀孕、流产"
    MULTIPLE_INJURIES = "multiple_injuries_malnutrition_unconscious", "多处受伤、严重营养不良、意识不清"
    UNNATURAL_INJURY = "unnatural_injury_or_death", "自杀、自残、中毒、被殴打等非正常伤亡"
    ABANDONED = "abandoned_or_long_unattended", "被遗弃或长期无人照料"
    UNKNOWN_ORIGIN = "unknown_origin_missing_trafficked", "来源不明、失踪、疑被拐卖"
    ORGANIZED_BEGGING = "organized_begging", "被组织乞讨"
    OTHER_SERIOUS = "other_serious_or_imminent", "其他严重侵害或面临的危险"
    ALONE_LIVING = "alone_living", "脱离监护单独居住生活"
    GUARDIAN_INCAPABLE = "guardian_incapable", "监护人丧失监护能力"
    GUARDIAN_NEGLECT = "guardian_neglect", "监护人不履行监护责任"
    DOMESTIC_VIOLENCE = "suspected_domestic_violence", "疑似遭受家庭暴力"
    ACCIDENT_OR_HARM = "suspected_accident_or_harm", "疑似意外伤害或不法侵害"
    POVERTY_OR_DISABILITY = "poverty_or_disability", "仅因贫困、残疾需要帮扶，无人身危险"

    @property
    def needs_police(self) -> bool:
        """False only for a find of poverty or disability without danger (国发〔2016〕36号 三(一)): not a police matter."""
        return self is not ReportReason.POVERTY_OR_DISABILITY
