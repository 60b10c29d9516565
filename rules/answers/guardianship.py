"""监护干预: the shape of its answers."""

from __future__ import annotations

from pydantic import Field

from rules.answers.answer import Answer
from rules.vocabulary import Labelled


class GuardianshipCause(Labelled):
    """D1: why the county intervenes."""

    VIOLENCE = "violence", "家庭暴力"
    ABUSE = "abuse", "虐待"
    ABANDONMENT = "abandonment", "遗弃"
    NEGLECT = "neglect", "怠于履行监护职责"
    INCAPACITY = "incapacity", "丧失监护能力"
    ABSENCE = "absence", "监护人失踪、失联"
    NO_GUARDIAN = "no_guardian", "没有监护人"


class Severity(Labelled):
    """D1: how far to go."""

    MINOR = "minor", "情节较轻，先行劝诫"
    SERIOUS = "serious", "情节严重，训诫、处罚并评估"
    UNATTENDED = "unattended", "儿童无人监护或须脱离监护人，民政临时监护"


class Intervention(Answer):
    """D1 启动监护干预 (国发〔2016〕13号 四(四); 未成年人保护法 92, 94, 118)."""

    cause: GuardianshipCause = Field(title="干预原因")
    severity: Severity = Field(title="干预方式")
    guardian_untraced: bool = Field(False, title="监护人是否下落不明，需要查找")


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


class RevocationFiling(Answer):
    """D7 申请撤销监护人资格 (民法典 36)."""

    filed: bool = Field(title="是否已向人民法院提出申请")


class CourtHearing(Answer):
    """D8 法院审理."""

    docket_number: str = Field("", title="案号", max_length=60)


class JudgmentResult(Labelled):
    """D9 判决."""

    REVOKED = "revoked", "撤销监护人资格，指定民政部门监护"
    REVOKED_OTHER_GUARDIAN = "revoked_other_guardian", "撤销监护人资格，另行指定监护人"
    NOT_REVOKED = "not_revoked", "不予撤销"


class Judgment(Answer):
    """D9 判决 (民法典 36; 民法典总则编司法解释 9)."""

    result: JudgmentResult = Field(title="判决结果")
