"""监护干预: the shape of the answers after a guardian has been settled or is disputed: D13-D16."""

from __future__ import annotations

from datetime import date

from pydantic import Field, ValidationInfo, field_validator

from rules.answers.answer import Answer
from rules.answers.guardianship import plausible
from rules.vocabulary import Labelled


class PlacingPlan(Labelled):
    """D13: whether the child may be placed for adoption (未成年人保护法 95)."""

    PLACE = "place", "可以送养"
    NOT_NOW = "not_now", "暂不送养，继续长期监护"
    GUARDIANSHIP_ENDED = "guardianship_ended", "监护关系已经终止（成年、死亡等）"


class AdoptionDecision(Answer):
    """D13 是否送养 (未成年人保护法 95; 民法典 1093-1096)."""

    plan: PlacingPlan = Field(title="是否送养")
    birth_parents_unknown: bool = Field(False, title="是否查找不到生父母（须先公告六十日）")


class NoticePublished(Answer):
    """D13, D15: the day on which a public notice appeared, from which its time runs."""

    published_on: date = Field(title="公告发布之日")

    @field_validator("published_on")
    @classmethod
    def _plausible_day(cls, day: date) -> date:
        return plausible(day) or day


class BirthParentsClaim(Answer):
    """D13 公告期满 (中国公民收养子女登记办法 8)."""

    claimed: bool = Field(title="公告期内是否有生父母或其他监护人认领")


class AdoptionAssessment(Answer):
    """D13 收养评估 (民法典 1105; 民发〔2020〕144号)."""

    suitable: bool = Field(title="收养评估是否合格")


class AdoptionIntegration(Answer):
    """D13 融合 (民发〔2020〕144号)."""

    integrates: bool = Field(title="融合情况是否良好，可以办理登记")


class ChildConsent(Labelled):
    """D13: from eight years on the child must agree to be adopted (民法典 1104)."""

    UNDER_EIGHT = "under_eight", "未满八周岁，无须征得本人同意"
    AGREES = "agrees", "已满八周岁，本人同意"
    REFUSES = "refuses", "已满八周岁，本人不同意"


class AdoptionRegistration(Answer):
    """D13 收养登记 (中国公民收养子女登记办法 8; 民法典 1104, 1105)."""

    consent: ChildConsent = Field(title="儿童本人是否同意被收养")
    registered: bool = Field(title="是否已经登记收养")

    @field_validator("registered")
    @classmethod
    def _never_against_the_child(cls, registered: bool, info: ValidationInfo) -> bool:
        if registered and info.data.get("consent") is ChildConsent.REFUSES:
            raise ValueError("儿童已满八周岁且不同意被收养的，不能登记收养（民法典第一千一百零四条）。")
        return registered


class Designated(Labelled):
    """D14: who is designated (民法典 27, 31, 32)."""

    RELATIVE = "relative", "祖父母、外祖父母、兄、姐等依法具有监护资格的人"
    OTHER = "other", "其他愿意担任监护人的个人或者组织"
    CIVIL_AFFAIRS = "civil_affairs", "没有合适的人，由民政部门担任监护人"


class Designation(Answer):
    """D14 指定监护人 (民法典 31)."""

    guardian: Designated = Field(title="指定谁担任监护人")


class DesignationObjection(Answer):
    """D14 对指定不服 (民法典总则编司法解释 10)."""

    objected: bool = Field(title="三十日内是否有人不服指定，向人民法院申请")


class DesignationJudgment(Answer):
    """D14 人民法院指定监护人 (民法典 31)."""

    guardian: Designated = Field(title="人民法院指定谁担任监护人")


class DeclarationAdvice(Answer):
    """D15: whether an interested person means to have the vanished parent declared missing (民法典 40, 41)."""

    intended: bool = Field(title="是否有利害关系人（含民政部门）打算申请宣告失踪、死亡")
    gone_since: date | None = Field(None, title="下落不明自哪一天起（打算申请的须填写）", validate_default=True)

    @field_validator("gone_since")
    @classmethod
    def _gone_since_a_day(cls, day: date | None, info: ValidationInfo) -> date | None:
        if info.data.get("intended") and day is None:
            raise ValueError("打算申请的，请填写下落不明自哪一天起（自失去音讯之日起算，民法典第四十一条）。")
        return plausible(day)


class DeclarationSought(Labelled):
    """D15: what is asked of the court when two years are over (民法典 40, 46)."""

    NOBODY = "nobody", "没有人申请"
    MISSING = "missing", "已申请宣告失踪"
    LATER = "later", "不申请宣告失踪，等满四年后申请宣告死亡"
    DEAD_AFTER_ACCIDENT = "dead_after_accident", "已申请宣告死亡（因意外事件下落不明满二年）"
    DEAD_FOR_CERTAIN = "dead_for_certain", "已申请宣告死亡（经有关机关证明不可能生存）"


class DeclarationApplication(Answer):
    """D15 申请宣告失踪 (民法典 40, 46)."""

    sought: DeclarationSought = Field(title="利害关系人向人民法院申请了什么")


class DeathApplication(Answer):
    """D15 申请宣告死亡 (民法典 46)."""

    applied: bool = Field(title="利害关系人是否已申请宣告死亡")


class Declaration(Answer):
    """D15 宣告失踪、宣告死亡的判决 (民事诉讼法 192)."""

    declared: bool = Field(title="是否已判决宣告")


class GuardianshipState(Labelled):
    """D16: how civil affairs' guardianship stands (民法典 39; 未成年人保护法 95)."""

    GOES_ON = "goes_on", "继续长期监护"
    ADOPTABLE = "adoptable", "继续长期监护，现在可以考虑送养"
    FULL_CAPACITY = "ended_full_capacity", "终止：已年满十八周岁，取得完全民事行为能力"
    GUARDIAN_INCAPABLE_OR_DEAD = "ended_guardian_incapable_or_dead", "终止：监护人丧失监护能力或者死亡"
    ADOPTED = "ended_adopted", "终止：已被收养"
    BY_COURT = "ended_by_court", "终止：人民法院认定终止或者另行指定监护人"
    WARD_DIED = "ended_ward_died", "终止：儿童死亡"


class GuardianshipReview(Answer):
    """D16 监护是否终止 (民法典 39)."""

    state: GuardianshipState = Field(title="监护关系现在怎样")
    still_needs_guardian: bool = Field(False, title="人民法院认定终止的，儿童是否仍需确定监护人")
