"""协调: the shape of its answers."""

from __future__ import annotations

from pydantic import Field, field_validator

from rules.answers.answer import Answer, written_when
from rules.vocabulary import Office


class Reroute(Answer):
    """退回件改派: the coordinator names the office that takes the step, or sends it back to the same one."""

    office: Office = Field(title="改由哪个单位承办")


class FactsSupplied(Answer):
    """补充材料: the coordinator's answer to an office's question. The text is shown behind the office's link."""

    facts: str = Field(title="补充的情况", min_length=1, max_length=2000, json_schema_extra={"widget": "textarea"})


class ExtensionDecision(Answer):
    """延期审批: one bounded extension, asked before expiry."""

    granted: bool = Field(title="是否同意延期")


class SupervisionSought(Answer):
    """提请检察监督: whether an office's silence, which has reached the joint meeting, goes to the procuratorate.

    未成年人保护法 105, 114; 民发〔2019〕62号 四(二).
    """

    seek: bool = Field(title="是否提请检察院监督")


class Recommendation(Answer):
    """检察建议 (未成年人保护法 114; 高检发〔2020〕9号 18): issued under a number, or not."""

    issued: bool = Field(title="是否发出检察建议")
    document_number: str = Field("", title="检察建议书文号", max_length=60, validate_default=True)

    _issued_under_a_number = field_validator("document_number")(
        written_when("issued", True, "发出检察建议的，请填写检察建议书文号。")
    )


class RecommendationReply(Answer):
    """书面回复检察建议: within one month (未成年人保护法 114)."""

    document_number: str = Field(title="书面回复的文号", min_length=1, max_length=60)
