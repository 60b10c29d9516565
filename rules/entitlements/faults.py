"""Validation errors turned into one clear Chinese sentence each, naming the path."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_SENTENCES = {
    "extra_forbidden": "不认识这一项，请删去或改正拼写",
    "missing": "缺少这一项，请补上",
    "bool_type": "应为 true 或 false",
    "bool_parsing": "应为 true 或 false",
    "float_type": "应为数字",
    "float_parsing": "应为数字",
    "int_type": "应为整数",
    "int_from_float": "应为整数",
    "int_parsing": "应为整数",
    "string_type": "应为文字",
    "list_type": "应为列表",
    "tuple_type": "应为列表",
    "dict_type": "应为对象（键和值）",
    "model_type": "应为对象（键和值）",
    "model_attributes_type": "应为对象（键和值）",
    "json_invalid": "不是有效的 JSON",
    "frozen_instance": "不可更改",
}
_BOUNDS = {"ge": "不小于", "le": "不大于", "gt": "大于", "lt": "小于"}
_SHOWN = 40


def facts_faults(error: ValidationError) -> list[str]:
    """One Chinese sentence for each fault that `Facts.model_validate` found, the path of the fact first."""
    return [f"{path_of(detail['loc'])}：{fault_sentence(detail)}。" for detail in error.errors(include_url=False)]


def path_of(location: tuple[int | str, ...]) -> str:
    """`("father", "disabilities", 0, "grade")` as `father.disabilities[0].grade`."""
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path or "事实"


def fault_sentence(detail: ErrorDetails) -> str:
    """What is wrong and how to mend it, without the path and without a full stop."""
    kind = detail["type"]
    context: dict[str, Any] = detail.get("ctx") or {}
    if kind == "value_error":
        return str(context.get("error", detail["msg"])).rstrip("。")
    if kind in ("extra_forbidden", "missing"):
        return _SENTENCES[kind]
    if kind in ("too_short", "string_too_short"):
        return "不能为空"
    written = _shown(detail.get("input"))
    if kind in ("enum", "literal_error"):
        return f"“{written}”不在可选值之内；可选：{str(context.get('expected', '')).replace(' or ', '、')}"
    wanted = "、".join(f"{word} {context[key]}" for key, word in _BOUNDS.items() if key in context)
    sentence = _SENTENCES.get(kind, f"应{wanted}" if wanted else "请核对")
    return f"“{written}”写法不对，{sentence}"


def _shown(value: object) -> str:
    text = str(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
