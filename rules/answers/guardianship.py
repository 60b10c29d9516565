"""监护干预: the shape of its answers."""

from __future__ import annotations

from datetime import date

from pydantic import Field, ValidationInfo, field_validator

from rules.answers.answer import Answer, is_new, written_when
from rules.answers.emergency import Handover
from rules.vocabulary import Labelled

_FIRST_YEAR, _LAST_YEAR = 1980, 2100


def plausible(day: date | None) -> date | None:
    """A slip of the pen in a year would open or close a window of the law."""
    if day is not None and not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise ValueError(f"日期{day}不对，年份应当在{_FIRST_YEAR}年至{_LAST_YEAR}年之间，请核对。")
    return day


class GuardianshipCause(Labelled):
    """D1: why the county intervenes."""

    VIOLENCE = "violence", "家庭暴力"
    ABUSE = "abuse", "虐待"
    ABANDONMENT = "abandonment", "遗弃"
    NEGLECT = "neglect", "怠于履行监护职责"
    INCAPACITY = "incapacity", "丧失监护能力"
    ABSENCE = "absence", "监护人失踪、失联"
    NO_GUARDIAN = "no_guardian", "没有监护人"
    DISPUTE = "dispute", "对监护人的确定有争议"


class Severity(Labelled):
    """D1: how far to go."""

    MINOR = "minor", "情节较轻，先行劝诫"
    SERIOUS = "serious", "情节严重，训诫、处罚并评估"
    UNATTENDED = "unattended", "儿童无人监护或须脱离监护人，民政临时监护"
    DISPUTED = "disputed", "对监护人的确定有争议，先指定监护人"
    CIVIL_AFFAIRS_GUARDS = "civil_affairs_guards", "民政部门已是长期监护人，重新落实照料"


class TemporaryGuardianshipGround(Labelled):
    """D1, D4: when civil affairs guards a child for the time being (未成年人保护法 92)."""

    UNKNOWN_IDENTITY = "unknown_identity_or_vagrant", "流浪乞讨或者身份不明，暂时查找不到监护人"
    GUARDIAN_MISSING = "guardian_missing_no_other", "监护人下落不明且无其他人可以担任监护人"
    OBJECTIVE_CAUSE = "objective_cause_or_sudden_event", "监护人因自身客观原因或突发事件不能履行监护职责，无人照料"
    REFUSAL = "refusal_or_neglect_unattended", "监护人拒绝或怠于履行监护职责，无人照料"
    INCITES_CRIME = "incites_crime_needs_removal", "监护人教唆、利用违法犯罪，需要带离安置"
    SEVERE_HARM = "severe_harm_or_threat", "遭受监护人严重伤害或面临人身安全威胁，需要紧急安置"
    OTHER_BY_LAW = "other_by_law", "法律规定的其他情形"


class Intervention(Answer):
    """D1 启动监护干预 (国发〔2016〕13号 四(四); 未成年人保护法 92, 94, 118)."""

    cause: GuardianshipCause = Field(title="干预原因")
    severity: Severity = Field(title="干预方式")
    ground: TemporaryGuardianshipGround | None = Field(
        None, title="临时监护的法定情形（由民政临时监护的须选择）", validate_default=True
    )
    guardian_untraced: bool = Field(False, title="监护人是否下落不明，需要查找")

    @field_validator("ground")
    @classmethod
    def _guarded_on_a_ground(
        cls, ground: TemporaryGuardianshipGround | None, info: ValidationInfo
    ) -> TemporaryGuardianshipGround | None:
        if is_new(info) and ground is None and info.data.get("severity") is Severity.UNATTENDED:
            raise ValueError("由民政部门临时监护的，请选择法定情形（未成年人保护法第九十二条）。")
        return ground


class Admonition(Answer):
    """D2 劝诫, D3 训诫: whether the guardian mends."""

    improved: bool = Field(title="监护人是否改正")


class GuardianPlace(Labelled):
    """D4 临时监护的照料方式 (未成年人保护法 93)."""

    KINSHIP = "kinship_care", "委托亲属抚养"
    FOSTER = "foster_care", "家庭寄养"
    PROTECTION_CENTER = "minor_protection_center", "交由救助保护机构收留"
    WELFARE_INSTITUTION = "child_welfare_institution", "交由儿童福利机构抚养"


class TemporaryGuardianship(Answer):
    """D4 临时监护."""

    place: GuardianPlace = Field(title="照料方式")
    ground: TemporaryGuardianshipGround | None = Field(None, title="临时监护的法定情形（启动时没有选择的，请选择）")


class TemporaryGuardianshipReview(Answer):
    """D4 临时监护时长复核: it is meant to be short, and whoever lets it go on says why."""

    goes_on: bool = Field(title="是否仍须继续临时监护")
    reasons: str = Field("", title="继续临时监护的理由", max_length=1000, validate_default=True)

    _goes_on_for_reasons = field_validator("reasons")(
        written_when("goes_on", True, "继续临时监护的，请写明理由：临时监护一般不超过一年。")
    )


class Trace(Answer):
    """D4a 查找监护人 (民发〔2019〕62号 四(二))."""

    found: bool = Field(title="是否查找到监护人")


class ConferenceOutcome(Labelled):
    """D6 多方会商结论."""

    SAFE = "safe", "可以安全返家"
    RELATIVE_CARE = "relative_care", "交由其他监护人或亲属照料"
    REVOKE = "revoke", "申请撤销监护人资格"
    EXTEND = "extend", "继续临时监护"


class Conference(Answer):
    """D6 多方会商 (民发〔2015〕189号 三(四))."""

    outcome: ConferenceOutcome = Field(title="会商结论")


class WitnessedReturn(Handover):
    """D6 书面交接: the centre's side of handing the child to guardian or relative."""

    document_number: str = Field("", title="书面交接单编号（双方须一致）", max_length=60, validate_default=True)

    @field_validator("document_number")
    @classmethod
    def _in_writing(cls, number: str, info: ValidationInfo) -> str:
        if is_new(info) and not number:
            raise ValueError("请填写书面交接单编号：领回、交接都须有书面手续。")
        return number


class RevocationGround(Labelled):
    """D7: why the guardian's standing is to be revoked (民法典 36; 法发〔2014〕24号 35, page excerpt)."""

    GRAVE_HARM = "sexual_abuse_sale_abandon_abuse_violence", "性侵害、出卖、遗弃、虐待、暴力伤害，严重损害身心健康"
    LIFE_DANGER = "unattended_life_danger_not_corrected", "置于无人监管致有死亡或严重伤害危险，经教育不改"
    REFUSAL = "refusal_six_months", "拒不履行监护职责六个月以上，致流离失所或生活无着"
    ADDICTION_OR_PRISON = (
        "addiction_or_prison_and_refuses_entrust",
        "吸毒、赌博、酗酒、服刑等不能履行，又拒绝委托他人，致生困境",
    )
    BEGGING = "begging_three_warnings", "胁迫、诱骗、利用乞讨，经三次以上批评教育不改"
    INCITES_CRIME = "incite_crime_serious", "教唆、利用实施违法犯罪，情节恶劣"
    OTHER_SERIOUS = "other_serious", "其他严重侵害合法权益的行为"


class RevocationFiling(Answer):
    """D7 申请撤销监护人资格 (民法典 36)."""

    filed: bool = Field(title="是否已向人民法院提出申请")
    ground: RevocationGround | None = Field(
        None, title="申请撤销的法定情形（已提出申请的须选择）", validate_default=True
    )

    @field_validator("ground")
    @classmethod
    def _filed_on_a_ground(cls, ground: RevocationGround | None, info: ValidationInfo) -> RevocationGround | None:
        if is_new(info) and ground is None and info.data.get("filed"):
            raise ValueError("已经提出申请的，请选择申请撤销的法定情形（民法典第三十六条）。")
        return ground


class RevocationApplication(Answer):
    """D7 民政申请 (民法典 36(3))."""

    ground: RevocationGround | None = Field(None, title="申请撤销的法定情形", validate_default=True)

    @field_validator("ground")
    @classmethod
    def _on_a_ground(cls, ground: RevocationGround | None, info: ValidationInfo) -> RevocationGround | None:
        if is_new(info) and ground is None:
            raise ValueError("请选择申请撤销的法定情形（民法典第三十六条）。")
        return ground


class RevocationRecommendation(Answer):
    """D7 检察机关书面建议、支持起诉 (法发〔2014〕24号 30, page excerpt; 未成年人保护法 106)."""

    recommended: bool = Field(title="是否已书面建议民政部门申请")
    supports_suit: bool = Field(False, title="是否支持起诉")


class InterimMeasure(Labelled):
    """D8: who looks after the child while the court tries the case (民法典 31, 36)."""

    AS_BEFORE = "as_before", "维持现有的临时监护"
    RELATIVE = "relative", "由其他监护人或亲属临时监护"
    VILLAGE_COMMITTEE = "village_committee", "由村(居)委会临时监护"
    CIVIL_AFFAIRS = "civil_affairs", "由民政部门临时监护"


class InterimMeasures(Answer):
    """D8 临时监护措施 (民法典 36)."""

    measure: InterimMeasure = Field(title="审理期间的临时监护措施")


class CourtHearing(Answer):
    """D8 法院审理 (民事诉讼法 187)."""

    docket_number: str = Field("", title="案号", max_length=60)
    extended: bool = Field(False, title="是否经院长批准延长审限，尚未审结")


class RestorationBar(Labelled):
    """D9, D12: why a parent's standing can never be restored (民法典 38; 法发〔2014〕24号 40, excerpts and memory)."""

    NONE = "none", "没有不得恢复的情形"
    INTENTIONAL_CRIME = "intentional_crime", "对被监护人实施故意犯罪（民法典第三十八条）"
    SEXUAL_ABUSE_OR_SALE = "sexual_abuse_or_sale", "性侵害、出卖（法发〔2014〕24号，仅见节选）"
    LONG_ABUSE = "long_abuse_grave_result", "虐待、遗弃六个月以上并造成重伤以上后果（法发〔2014〕24号，仅见节选）"
    LONG_SENTENCE = "sentence_five_years", "因监护侵害被判五年有期徒刑以上刑罚（法发〔2014〕24号，未找到原文）"


class JudgmentResult(Labelled):
    """D9 判决."""

    REVOKED = "revoked", "撤销监护人资格，指定民政部门监护"
    REVOKED_OTHER_GUARDIAN = "revoked_other_guardian", "撤销监护人资格，另行指定监护人"
    NOT_REVOKED = "not_revoked", "不予撤销"


class Judgment(Answer):
    """D9 判决 (民法典 36; 民法典总则编司法解释 9)."""

    result: JudgmentResult = Field(title="判决结果")
    restoration_barred: RestorationBar = Field(RestorationBar.NONE, title="撤销的，是否有不得恢复监护人资格的情形")
    judicial_advice: bool = Field(False, title="不予撤销的，是否发出司法建议")


class LongTermGround(Labelled):
    """D10: when civil affairs guards a child for the long term (未成年人保护法 94)."""

    NOT_FOUND = "guardians_not_found", "查找不到父母或者其他监护人"
    DEAD = "guardian_dead_no_other", "监护人死亡或被宣告死亡，无其他人可以担任监护人"
    INCAPABLE = "guardian_incapable_no_other", "监护人丧失监护能力，无其他人可以担任监护人"
    COURT_REVOKED = "court_revoked_and_designated", "人民法院撤销监护人资格并指定民政部门监护"
    OTHER_BY_LAW = "other_by_law", "法律规定的其他情形"


class LongTermGuardianship(Answer):
    """D10 民政长期监护 (未成年人保护法 94, 96; 民法典 32)."""

    ground: LongTermGround | None = Field(None, title="长期监护的法定情形", validate_default=True)
    revoked_on: date | None = Field(None, title="撤销判决生效之日（没有撤销的不填）", validate_default=True)

    @field_validator("ground")
    @classmethod
    def _on_a_ground(cls, ground: LongTermGround | None, info: ValidationInfo) -> LongTermGround | None:
        if is_new(info) and ground is None:
            raise ValueError("请选择长期监护的法定情形（未成年人保护法第九十四条）。")
        return ground

    @field_validator("revoked_on")
    @classmethod
    def _since_a_day(cls, day: date | None, info: ValidationInfo) -> date | None:
        if is_new(info) and day is None and info.data.get("ground") is LongTermGround.COURT_REVOKED:
            raise ValueError("人民法院撤销监护人资格的，请填写判决生效之日：恢复、送养的期限从这一天起算。")
        return plausible(day)


class Plea(Labelled):
    """D12: whether the parent wants the child back."""

    PLEADED = "pleaded", "已向人民法院申请恢复"
    NOT_PLEADED = "not_pleaded", "期限内没有申请"
    GUARDIANSHIP_ENDED = "guardianship_ended", "监护关系已经终止（成年、死亡等）"


class RestorationPlea(Answer):
    """D12 恢复监护人资格的申请 (民法典 38)."""

    plea: Plea = Field(title="被撤销资格的父母是否申请恢复")


class RestorationDecision(Answer):
    """D12 恢复监护人资格的裁判: barred for good after an intentional crime against the child (民法典 38)."""

    barred: RestorationBar = Field(RestorationBar.NONE, title="是否有不得恢复的情形")
    restored: bool = Field(title="是否恢复监护人资格")

    @field_validator("restored")
    @classmethod
    def _never_when_barred(cls, restored: bool, info: ValidationInfo) -> bool:
        barred = info.data.get("barred", RestorationBar.NONE)
        if restored and barred is not RestorationBar.NONE:
            raise ValueError(f"有不得恢复的情形（{barred.label}），不能恢复监护人资格。")
        return restored
