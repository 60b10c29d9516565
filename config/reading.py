"""Reading a county's YAML so that every fault can name its line.

The files are read as nodes, not as Python values: nothing is guessed (`08:30` stays text, `no` is not False), a key
written twice is seen, and each entry knows where it stands. No reading raises: a fault is noted and the entry gives
None, so that one pass finds them all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from config.faults import Fault
from rules.limits import Limit
from rules.vocabulary import Labelled

L = TypeVar("L", bound=Labelled)

_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# A longer list of allowed words helps nobody; the closest one does.
_MANY = 12
_PROBLEMS = {
    "that cannot start any token": "这里不能用制表符（Tab）或特殊符号开头，请改用空格，或给文字加引号",
    "mapping values are not allowed here": "冒号的位置不对，多半是上一行缩进有误或少了引号",
    "could not find expected ':'": "少了冒号",
    "but found another document": "一个文件只能写一份，请删去多余的“---”",
    "found undefined alias": "“*”开头的文字须加引号",
    "found unexpected end of stream": "引号没有配对",
    "expected ',' or": "括号没有配对，或少了逗号",
    "expected <block end>": "缩进没有对齐",
}


def read_county_file(path: Path, faults: list[Fault]) -> Entry | None:
    """The file's top entry; None, with a fault, where the file is missing, empty or no YAML."""
    try:
        root = _composed(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        faults.append(Fault(path, 1, f"缺少文件 {path.name}；请照示例县补上"))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        problem = str(error.problem)
        meaning = next((said for sign, said in _PROBLEMS.items() if sign in problem), problem)
        faults.append(Fault(path, line, f"不是合格的 YAML：{meaning}；请检查这一行及上一行"))
    except (YAMLError, UnicodeDecodeError):
        faults.append(Fault(path, 1, "文件不是 UTF-8 编码的 YAML 文本；请另存为 UTF-8"))
    except RecursionError:
        faults.append(Fault(path, 1, "YAML 嵌套过深，无法读取；请照示例县的写法改"))
    except OSError as error:
        faults.append(Fault(path, 1, f"读不了这个文件：{error.strerror}"))
    else:
        if root is not None:
            return Entry(path.stem, root, path, 1, faults)
        faults.append(Fault(path, 1, f"文件 {path.name} 是空的；请照示例县补上"))
    return None


@lru_cache(maxsize=16)
def _composed(text: str) -> Node | None:
    # Composing is most of the cost of loading a county; nodes are only ever read, so that a text is composed once.
    root: Node | None = YAML(typ="safe", pure=True).compose(text)
    return root


def allowed_words(word: str, allowed: Iterable[str]) -> str:
    """What may stand in the place of a wrong `word`, as the end of a fault's sentence."""
    words = list(allowed)
    close = get_close_matches(word, words, n=1)
    hint = f"是否想写“{close[0]}”？" if close else ""
    shown = "、".join(words[:_MANY])
    return f"{hint}可写：{shown}" + (f" 等 {len(words)} 个" if len(words) > _MANY else "")


@dataclass(frozen=True)
class Entry:
    """One entry of a file: its key (or its place in a list), its node, and the line on which it begins."""

    key: str
    node: Node
    path: Path
    line: int
    faults: list[Fault]

    def fault(self, reason: str) -> None:
        """Note a fault at this entry's line."""
        self.faults.append(Fault(self.path, self.line, reason))

    # --- what holds other entries ---

    def entries(self, what: str) -> dict[str, Entry]:
        """The entries below, by key. `what` says what the keys are, for the fault's sentence."""
        if not isinstance(self.node, MappingNode):
            self.fault(f"“{self.key}”应逐项列出{what}，每行写“名称: 内容”")
            return {}
        found: dict[str, Entry] = {}
        for key_node, value_node in self.node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, ScalarNode):
                self.faults.append(Fault(self.path, line, f"{what}的名称应为一个词，不能是列表或表"))
                continue
            key = str(key_node.value)
            if key in found:
                reason = f"“{key}”重复（另见第 {found[key].line} 行）；请只留一处"
                self.faults.append(Fault(self.path, line, reason))
                continue
            found[key] = Entry(key, value_node, self.path, line, self.faults)
        return found

    def named(self, what: str) -> dict[str, Entry]:
        """The entries below, whose keys the county chose: latin small letters, digits and `_`, at most 40."""
        found = self.entries(what)
        if not found and isinstance(self.node, MappingNode):
            self.fault(f"“{self.key}”是空的；至少写一个{what}")
        for key, entry in found.items():
            if not _KEY.fullmatch(key):
                entry.fault(
                    f"{what}的代号“{key}”写法不对；应以小写字母开头，只用小写字母、数字和下划线，最多四十个字符"
                )
        return found

    def fields(self, *, required: tuple[str, ...], optional: tuple[str, ...] = ()) -> dict[str, Entry]:
        """The entries below, whose keys are fixed: a missing or an unknown one is a fault."""
        allowed = (*required, *optional)
        found = self.entries("、".join(allowed))
        for key, entry in found.items():
            if key not in allowed:
                entry.fault(f"“{self.key}”里不认识的项“{key}”；{allowed_words(key, allowed)}")
        if isinstance(self.node, MappingNode):
            for key in required:
                if key not in found:
                    self.fault(f"“{self.key}”缺少 {key}")
        return {key: entry for key, entry in found.items() if key in allowed}

    def listed(self, what: str) -> list[Entry]:
        """The entries of a list, each named after this entry and its number."""
        if not isinstance(self.node, SequenceNode) or not self.node.value:
            self.fault(f"“{self.key}”应为列表，至少写一项{what}（每项以“- ”开头）")
            return []
        return [
            Entry(f"{self.key} 第{number}项", node, self.path, node.start_mark.line + 1, self.faults)
            for number, node in enumerate(self.node.value, start=1)
        ]

    # --- single words ---

    def text(self, longest: int = 200) -> str | None:
        """What is written here, without the blanks around it."""
        if not isinstance(self.node, ScalarNode):
            self.fault(f"“{self.key}”应为文字，不能是列表或表")
            return None
        written = str(self.node.value).strip()
        if not written or self.node.tag == "tag:yaml.org,2002:null":
            self.fault(f"“{self.key}”没有填写")
            return None
        if len(written) > longest:
            self.fault(f"“{self.key}”过长；最多 {longest} 个字")
            return None
        return written

    def word(self, kind: type[L]) -> L | None:
        """One of a closed list's words."""
        written = self.text()
        if written is None:
            return None
        for member in kind:
            if member.value == written:
                return member
        allowed = [f"{member.value}（{member.label}）" for member in kind]
        close = get_close_matches(written, [member.value for member in kind], n=1)
        hint = f"是否想写“{close[0]}”？" if close else ""
        self.fault(f"“{self.key}: {written}”不认识；{hint}可写：{'、'.join(allowed)}")
        return None

    def limit(self) -> Limit | None:
        """A time limit such as "15 working_days"."""
        written = self.text()
        if written is None:
            return None
        try:
            return Limit.parse(written)
        except ValueError as error:
            self.fault(str(error))
            return None

    def day(self) -> date | None:
        """A date such as 2021-06-01."""
        written = self.text()
        if written is None:
            return None
        try:
            if _DATE.fullmatch(written):
                return date.fromisoformat(written)
        except ValueError:
            pass
        self.fault(f"“{self.key}”的日期“{written}”不存在或写法不对；应写作 2021-06-01")
        return None

    def number(self, least: int, most: int) -> int | None:
        """A whole number from `least` to `most`."""
        written = self.text()
        if written is None:
            return None
        if re.fullmatch(r"[0-9]{1,6}", written) and least <= int(written) <= most:
            return int(written)
        self.fault(f"“{self.key}”应为 {least} 到 {most} 的整数，现为“{written}”")
        return None

    def yes_or_no(self) -> bool | None:
        """`true` or `false`."""
        written = self.text()
        if written in ("true", "false"):
            return written == "true"
        if written is not None:
            self.fault(f"“{self.key}”只能写 true 或 false，现为“{written}”")
        return None
