"""A form made from a model: the fields an officer fills in, and the answer read back from what the browser sent.

The form of every step comes from its answer model, so that the portal, the check on arrival and the flow's branches
can never disagree about what is asked.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from types import NoneType, UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from annotated_types import MaxLen, MinLen
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from office.plain_text import harmless
from rules.vocabulary import Labelled

M = TypeVar("M", bound=BaseModel)

MOST_RADIOS = 6
"""A list longer than this is folded into a select."""

YES, NO = "yes", "no"

UNKNOWN = "unknown"
"""Stands for a fact that nobody knows: the field is left out of the answer."""

BETWEEN = "\n"
"""Stands between the values where a name was sent more than once: several boxes ticked."""


class Widget(StrEnum):
    """How a field is shown."""

    TEXT = "text"
    DATE = "date"
    TEXTAREA = "textarea"
    RADIOS = "radios"
    SELECT = "select"
    CHECKBOXES = "checkboxes"


@dataclass(frozen=True)
class Choice:
    """One thing to choose, and the word shown for it."""

    value: str
    label: str


@dataclass(frozen=True)
class FormField:
    """One question. `initial` is what stands in it before anybody has touched it; `limit` counts characters."""

    name: str
    label: str
    widget: Widget
    required: bool
    choices: tuple[Choice, ...] = ()
    limit: int | None = None
    initial: str = ""
    hint: str = ""
    digits: bool = False
    autocomplete: str = "off"
    heading: str = ""


class FormFaults(Exception):  # noqa: N818 - it is an answer, not an accident
    """What is wrong with a form: for each field's name one Chinese sentence that says how to mend it."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        """`faults` are in the order of the form."""
        super().__init__("；".join(faults.values()))
        self.faults = dict(faults)


def fields_of(
    model: type[BaseModel],
    *,
    only: Mapping[str, Collection[str]] | None = None,
    names: Collection[str] | None = None,
) -> tuple[FormField, ...]:
    """The fields of a model in the order a person is asked: the questions first, the free note last.

    `only` narrows a closed list to the values that make sense here, by field name; `names`, where given, are the fields
    that are asked at all.
    Raises TypeError for a field that no form can show: a model is mended, not guessed at.
    """
    asked = {name: info for name, info in model.model_fields.items() if names is None or name in names}
    fields = [_field(name, info, (only or {}).get(name)) for name, info in asked.items()]
    fields = _with_headings(fields, getattr(model, "SECTIONS", {}))
    return tuple(sorted(fields, key=lambda field: field.widget is Widget.TEXTAREA and not field.required))


def _with_headings(fields: list[FormField], sections: Mapping[str, str]) -> list[FormField]:
    """The first field of each section carries its heading."""
    left = dict(sections)
    marked = []
    for field in fields:
        begins = next((start for start in left if field.name.startswith(start)), None)
        marked.append(field if begins is None else replace(field, heading=left.pop(begins)))
    return marked


def _field(name: str, info: FieldInfo, only: Collection[str] | None) -> FormField:
    label = info.title or name
    kind, optional = _kind_of(info.annotation)
    required = info.is_required()
    if optional and kind is int:
        return FormField(name, label, Widget.TEXT, required, limit=6, digits=True)
    if kind is date:
        hint = "年-月-日，如 2012-05-01" + ("；不清楚的不填" if optional else "")
        return FormField(name, label, Widget.DATE, required, limit=10, hint=hint)
    if optional:
        return _field_that_may_be_unknown(name, label, kind)
    if kind is bool:
        initial = "" if required else (YES if info.default else NO)
        return FormField(name, label, Widget.RADIOS, required, (Choice(YES, "是"), Choice(NO, "否")), initial=initial)
    if isinstance(kind, type) and issubclass(kind, Labelled):
        choices = tuple(Choice(word.value, word.label) for word in kind if only is None or word.value in only)
        widget = Widget.RADIOS if len(choices) <= MOST_RADIOS else Widget.SELECT
        return FormField(name, label, widget, required, choices, initial="" if required else str(info.default.value))
    if get_origin(kind) is tuple and issubclass(get_args(kind)[0], Labelled):
        choices = tuple(Choice(w.value, w.label) for w in get_args(kind)[0] if only is None or w.value in only)
        initial = "" if required else BETWEEN.join(info.default)
        return FormField(name, label, Widget.CHECKBOXES, required, choices, initial=initial)
    if kind is str:
        extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
        limit = next((rule.max_length for rule in info.metadata if isinstance(rule, MaxLen)), None)
        least = next((rule.min_length for rule in info.metadata if isinstance(rule, MinLen)), 0)
        widget = Widget.TEXTAREA if extra.get("widget") == "textarea" or (limit or 0) > 200 else Widget.TEXT
        return FormField(name, label, widget, required or least > 0, limit=limit)
    raise TypeError(f"no form can show the field {name!r} of type {kind!r}")


def _kind_of(annotation: Any) -> tuple[Any, bool]:
    """A field's plain type, and whether it may be unknown."""
    arms = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
    kinds = [get_args(arm)[0] if get_origin(arm) is Annotated else arm for arm in arms if arm is not NoneType]
    return (kinds[0] if len(kinds) == 1 else annotation), NoneType in arms


def _field_that_may_be_unknown(name: str, label: str, kind: Any) -> FormField:
    # 不清楚 stands first and is chosen before anybody touches the form: unknown never refuses.
    unknown = Choice(UNKNOWN, "不清楚")
    choices: tuple[Choice, ...]
    if kind is bool:
        choices = (unknown, Choice(YES, "是"), Choice(NO, "否"))
    elif isinstance(kind, type) and issubclass(kind, Labelled):
        choices = (unknown, *(Choice(word.value, word.label) for word in kind))
    else:
        raise TypeError(f"no form can show the field {name!r} of type {kind!r}")
    widget = Widget.RADIOS if len(choices) <= MOST_RADIOS else Widget.SELECT
    return FormField(name, label, widget, False, choices, initial=UNKNOWN)


def read(fields: Collection[FormField], form: Mapping[str, str]) -> dict[str, str]:
    """What was filled in, tidied, by field name; a field left empty is "". Raises `FormFaults`."""
    read_values: dict[str, str] = {}
    faults: dict[str, str] = {}
    for field in fields:
        value = tidy(form.get(field.name, ""))
        if not value and field.required:
            verb = "选择" if field.choices else "填写"
            faults[field.name] = f"请{verb}“{field.label}”。"
        elif value and field.choices and not _offered(field, value):
            faults[field.name] = f"“{field.label}”请从列出的选项中选择一项。"
        elif field.limit is not None and len(value) > field.limit:
            faults[field.name] = f"“{field.label}”最多{field.limit}个字，现在有{len(value)}个字，请缩短。"
        read_values[field.name] = value
    if faults:
        raise FormFaults(faults)
    return read_values


def _offered(field: FormField, value: str) -> bool:
    chosen = value.split(BETWEEN) if field.widget is Widget.CHECKBOXES else [value]
    return set(chosen) <= {choice.value for choice in field.choices}


def parse(
    model: type[M],
    form: Mapping[str, str],
    *,
    only: Mapping[str, Collection[str]] | None = None,
    names: Collection[str] | None = None,
) -> M:
    """The answer that a form holds; what was not asked is not read. Raises `FormFaults`."""
    fields = fields_of(model, only=only, names=names)
    values: dict[str, Any] = {}
    for field, value in zip(fields, read(fields, form).values(), strict=True):
        if field.widget is Widget.CHECKBOXES:
            values[field.name] = list(dict.fromkeys(value.split(BETWEEN))) if value else []
        elif value and not (value == UNKNOWN and field.initial == UNKNOWN):
            kind, _ = _kind_of(model.model_fields[field.name].annotation)
            values[field.name] = value == YES if kind is bool else value
    try:
        return model.model_validate(values)
    except ValidationError as fault:
        raise FormFaults(sentences(model, fault)) from None


def sentences(model: type[BaseModel], fault: ValidationError) -> dict[str, str]:
    """A Chinese sentence for each field that the model refused, by field name."""
    found: dict[str, str] = {}
    for error in fault.errors(include_url=False, include_input=False):
        name = str(error["loc"][0]) if error["loc"] else ""
        info = model.model_fields.get(name)
        label = (info.title or name) if info else name
        found.setdefault(name, _sentence(label, info, error["type"], error.get("ctx", {})))
    return found


def _sentence(label: str, info: FieldInfo | None, kind: str, context: Mapping[str, Any]) -> str:
    match kind:
        case "extra_forbidden":
            return f"没有名为“{label}”的项目，请删去。"
        case "json_invalid":
            return "内容不是正确的JSON，请核对格式。"
        case "model_type" | "model_attributes_type":
            return "内容应当是一个JSON对象。"
        case "string_too_short" if context["min_length"] > 1:
            return f"“{label}”至少{context['min_length']}个字，请补全。"
        case "missing" | "string_too_short":
            return f"请填写“{label}”。"
        case "string_too_long":
            return f"“{label}”最多{context['max_length']}个字，请缩短。"
        case "enum" if info is not None and isinstance(info.annotation, type) and issubclass(info.annotation, Labelled):
            known = "、".join(f"{word.label}（{word.value}）" for word in info.annotation)
            return f"“{label}”请从下列选择：{known}。"
        case "int_parsing" | "greater_than_equal" | "less_than_equal" if info is not None:
            least, most = (
                next((getattr(rule, name) for rule in info.metadata if hasattr(rule, name)), "")
                for name in ("ge", "le")
            )
            return f"“{label}”请填写{least}至{most}之间的整数，不清楚的不填。"
        case "value_error":
            return str(context["error"])
        case _:
            return f"“{label}”填写不正确，请核对。"


def tidy(value: str) -> str:
    """Text as it is kept: line ends of one kind, nothing invisible that misleads or that the records cannot hold, no
    blanks around it."""
    return harmless(value.replace("\r\n", "\n").replace("\r", "\n")).strip()


def is_day(value: str) -> bool:
    """Whether a browser can show the value in its own field for a day; anything else is shown as it was typed."""
    return bool(re.fullmatch(r"\d{4}-\d{2}-\d{2}", value)) and _is_iso(value)


def is_minute(value: str) -> bool:
    """The same of a day and a time."""
    return bool(re.fullmatch(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}", value)) and _is_iso(value)


def _is_iso(value: str) -> bool:
    try:
        datetime.fromisoformat(value)  # its day and hour are looked at, not kept
    except ValueError:
        return False
    return True
