"""What a county says of each step: its two limits with their source, and its two ladders (`steps.yaml`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from config.faults import Fault
from config.ladders import UNITS_OF_EMERGENCY, LadderEntry, Ladders, read_ladder_name
from config.offices import Located
from config.reading import Entry, allowed_words, read_county_file
from config.statutory import AnswerVersion, opening_warnings, statutory_warnings
from rules.ladder import Clock, Ladder, Rung, next_climb
from rules.limits import Limit, Provenance
from rules.steps import STEPS, Step
from rules.vocabulary import Level, Urgency
from rules.workdays import SHANGHAI, Calendar, DayKind, OfficeHours, reckon


@dataclass(frozen=True)
class Whole:
    """The time for all stages of a decision together, since its acceptance; no stage may end later than it.

    `special` replaces the limit where an extension was granted (最低生活保障审核确认办法 22).
    """

    limit: Limit
    since: datetime
    special: Limit | None = None


@dataclass(frozen=True)
class LimitTerms:
    """One clock of a step: its limit, how far the number's source was checked, and the clause.

    `end_rolls` is False where the last day stays even on a day off, because a child or guardian is held. `whole` is the
    time of the whole decision of which this is a stage.
    """

    limit: Limit
    provenance: Provenance
    basis: str
    end_rolls: bool = True
    whole: Whole | None = None


@dataclass(frozen=True)
class StepTerms:
    """One version of a step's terms. A case keeps the version in force when its step began.

    `opens_after` is how long after what it follows the step's turn comes, for the steps that open later.
    """

    step: str
    effective_from: date
    acknowledge: LimitTerms
    answer: LimitTerms
    acknowledge_ladder: Ladder
    answer_ladder: Ladder
    opens_after: LimitTerms | None = None

    def as_json(self) -> dict[str, Any]:
        """The whole version as plain values, to be kept with the request."""
        return {
            "step": self.step,
            "effective_from": self.effective_from.isoformat(),
            "acknowledge": _limit_terms_as_json(self.acknowledge),
            "answer": _limit_terms_as_json(self.answer),
            "acknowledge_ladder": _ladder_as_json(self.acknowledge_ladder),
            "answer_ladder": _ladder_as_json(self.answer_ladder),
            "opens_after": None if self.opens_after is None else _limit_terms_as_json(self.opens_after),
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> StepTerms:
        """The version that `as_json` wrote. Raises KeyError or ValueError for anything else."""
        return cls(
            step=kept["step"],
            effective_from=date.fromisoformat(kept["effective_from"]),
            acknowledge=_limit_terms_from_json(kept["acknowledge"]),
            answer=_limit_terms_from_json(kept["answer"]),
            acknowledge_ladder=_ladder_from_json(kept["acknowledge_ladder"]),
            answer_ladder=_ladder_from_json(kept["answer_ladder"]),
            # Requests put before there were steps that open later keep no such line.
            opens_after=_limit_terms_from_json(kept["opens_after"]) if kept.get("opens_after") else None,
        )


def _limit_terms_as_json(terms: LimitTerms) -> dict[str, Any]:
    kept: dict[str, Any] = {
        "limit": str(terms.limit),
        "provenance": terms.provenance.value,
        "basis": terms.basis,
        "end_rolls": terms.end_rolls,
    }
    if terms.whole is not None:
        special = terms.whole.special
        kept["whole"] = {
            "limit": str(terms.whole.limit),
            "since": terms.whole.since.isoformat(),
            "special": None if special is None else str(special),
        }
    return kept


def _limit_terms_from_json(kept: Mapping[str, Any]) -> LimitTerms:
    whole = kept.get("whole")
    return LimitTerms(
        Limit.parse(kept["limit"]),
        Provenance(kept["provenance"]),
        kept["basis"],
        kept["end_rolls"],
        whole
        and Whole(
            Limit.parse(whole["limit"]), datetime.fromisoformat(whole["since"]), _limit_or_none(whole["special"])
        ),
    )


def _ladder_as_json(ladder: Ladder) -> dict[str, Any]:
    return {
        "key": ladder.key,
        "reminder_before": None if ladder.reminder_before is None else str(ladder.reminder_before),
        "rungs": [
            {"level": rung.level.value, "after": None if rung.after is None else str(rung.after)}
            for rung in ladder.rungs
        ],
        "repeat_every": str(ladder.repeat_every),
        "repeat_at_most": ladder.repeat_at_most,
        "thinning": ladder.thinning,
    }


def _ladder_from_json(kept: Mapping[str, Any]) -> Ladder:
    return Ladder(
        key=kept["key"],
        reminder_before=_limit_or_none(kept["reminder_before"]),
        rungs=tuple(Rung(Level(rung["level"]), _limit_or_none(rung["after"])) for rung in kept["rungs"]),
        repeat_every=Limit.parse(kept["repeat_every"]),
        repeat_at_most=kept["repeat_at_most"],
        thinning=kept["thinning"],
    )


def _limit_or_none(written: str | None) -> Limit | None:
    return None if written is None else Limit.parse(written)


# --- steps.yaml -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Surroundings:
    """What a step's terms are checked against."""

    ladders: Ladders | None
    offices: Mapping[str, Located]
    calendar: Calendar
    _weeks: dict[tuple[Limit, bool, date], tuple[tuple[datetime, datetime], ...]] = field(default_factory=dict)

    def week_of(self, terms: LimitTerms, since: date) -> tuple[tuple[datetime, datetime], ...]:
        """Each asking of an ordinary week from `since`, with its deadline. Many steps share one limit."""
        key = terms.limit, terms.end_rolls, since
        if key not in self._weeks:
            self._weeks[key] = tuple(
                (start, reckon(start, terms.limit, self.calendar, end_rolls=terms.end_rolls).due)
                for start in _ordinary_week(self.calendar, since)
            )
        return self._weeks[key]


def read_steps(
    folder: Path,
    ladders: Ladders | None,
    offices: Mapping[str, Located],
    calendar: Calendar,
    faults: list[Fault],
    warnings: list[Fault],
) -> dict[str, tuple[StepTerms, ...]]:
    """Every step's versions, oldest first; a step with a fault may be missing.

    `warnings` takes what is no fault but departs from the law's own numbers.
    """
    root = read_county_file(folder / "steps.yaml", faults)
    if root is None:
        return {}
    around = _Surroundings(ladders, offices, calendar)
    entries = root.entries("事项")
    found: dict[str, tuple[StepTerms, ...]] = {}
    for key, entry in entries.items():
        if key not in STEPS:
            entry.fault(f"没有名为“{key}”的事项；{allowed_words(key, STEPS)}")
            continue
        answers: list[AnswerVersion] = []
        openings: list[AnswerVersion] = []
        found[key] = tuple(_read_versions(STEPS[key], entry, around, answers, openings))
        warnings.extend(statutory_warnings(STEPS[key], answers, calendar))
        for opening in openings:
            warnings.extend(opening_warnings(STEPS[key], opening, calendar))
    for key, step in STEPS.items():
        if key not in entries:
            root.fault(f"缺少事项 {key}（{step.label}）；请写明 effective_from、acknowledge 和 answer")
    return found


def _read_versions(
    step: Step[Any],
    entry: Entry,
    around: _Surroundings,
    answers: list[AnswerVersion],
    openings: list[AnswerVersion],
) -> Iterator[StepTerms]:
    last: date | None = None
    for version in entry.listed("版本"):
        opening = ("opens_after",) if step.opens_later else ()
        fields = version.fields(required=("effective_from", "acknowledge", "answer", *opening), optional=("ladders",))
        since = fields["effective_from"].day() if "effective_from" in fields else None
        if since is not None:
            if last is not None and since <= last:
                fields["effective_from"].fault(f"版本须由早到晚：{since} 不晚于上一个版本的 {last}")
            last = since
        chosen = fields["ladders"].fields(required=(), optional=tuple(Clock)) if "ladders" in fields else {}
        terms: dict[Clock, LimitTerms] = {}
        climbs: dict[Clock, Ladder] = {}
        for clock in Clock:
            if clock.value not in fields:
                continue
            read = _read_limit_terms(step, fields[clock.value])
            climb = _ladder_for(step, clock, chosen.get(clock.value), around, None if read is None else read[0].limit)
            if read is not None:
                terms[clock] = read[0]
            if read is not None and clock is Clock.ANSWER and since is not None:
                answers.append(AnswerVersion(since, read[0].limit, read[0].provenance, read[0].end_rolls, read[1]))
            if climb is not None:
                climbs[clock] = climb.ladder
                _check_units(step, climb, chosen.get(clock.value) or fields[clock.value])
            if read is not None and climb is not None and since is not None:
                _check_reminder(step, clock, read, climb, since=since, around=around)
        opens = _read_limit_terms(step, fields["opens_after"]) if "opens_after" in fields else None
        if opens is not None and since is not None:
            openings.append(AnswerVersion(since, opens[0].limit, opens[0].provenance, opens[0].end_rolls, opens[1]))
        if since is None or len(terms) < len(Clock) or (step.opens_later and opens is None):
            continue
        _check_order(step, terms, fields[Clock.ACKNOWLEDGE], since, around)
        if len(climbs) == len(Clock):
            yield StepTerms(
                step=step.key,
                effective_from=since,
                acknowledge=terms[Clock.ACKNOWLEDGE],
                answer=terms[Clock.ANSWER],
                acknowledge_ladder=climbs[Clock.ACKNOWLEDGE],
                answer_ladder=climbs[Clock.ANSWER],
                opens_after=None if opens is None else opens[0],
            )


def _read_limit_terms(step: Step[Any], entry: Entry) -> tuple[LimitTerms, Entry] | None:
    fields = entry.fields(required=("limit", "provenance", "basis"), optional=("end_rolls",))
    limit = fields["limit"].limit() if "limit" in fields else None
    provenance = fields["provenance"].word(Provenance) if "provenance" in fields else None
    basis = fields["basis"].text() if "basis" in fields else None
    end_rolls = fields["end_rolls"].yes_or_no() if "end_rolls" in fields else True
    if limit is not None and step.urgency is Urgency.EMERGENCY and limit.unit not in UNITS_OF_EMERGENCY:
        allowed = "、".join(unit.value for unit in UNITS_OF_EMERGENCY)
        fields["limit"].fault(f"“{step.label}”是紧急事项，时限“{limit}”不能用 {limit.unit.value}；可用：{allowed}")
        return None
    if limit is None or provenance is None or basis is None or end_rolls is None:
        return None
    return LimitTerms(limit, provenance, basis, end_rolls), fields["limit"]


def _ladder_for(
    step: Step[Any], clock: Clock, chosen: Entry | None, around: _Surroundings, limit: Limit | None
) -> LadderEntry | None:
    if around.ladders is None:
        return None
    name = around.ladders.defaults.get((step.urgency, clock))
    if chosen is not None:
        name = read_ladder_name(chosen, set(around.ladders.named))
    found = around.ladders.named.get(name) if name is not None else None
    return found if found is None or limit is None else found.for_limit(limit)


def _check_units(step: Step[Any], climb: LadderEntry, entry: Entry) -> None:
    if step.urgency is not Urgency.EMERGENCY:
        return
    for what, limit, line in climb.limits:
        if limit.unit not in UNITS_OF_EMERGENCY:
            where = f"{climb.entry.path.name} 第 {line} 行 {what}: {limit}"
            entry.fault(
                f"“{step.label}”是紧急事项，不能用升级梯“{climb.ladder.key}”：它有按工作日或月计的间隔（{where}）"
            )
            return


def _check_reminder(
    step: Step[Any],
    clock: Clock,
    read: tuple[LimitTerms, Entry],
    climb: LadderEntry,
    *,
    since: date,
    around: _Surroundings,
) -> None:
    """The reminder must fall between the asking and the deadline on every day of an ordinary week.

    Bare numbers cannot be compared (one working day against 48 hours), so the real climb is reckoned.
    """
    terms, entry = read
    if climb.ladder.reminder_before is None:
        return
    for hours in _hours_of(step, around.offices):
        for start, deadline in around.week_of(terms, since):
            first = next_climb(
                clock,
                climb.ladder,
                [],
                asked_at=start,
                deadline=deadline,
                calendar=around.calendar,
                hours=hours,
            )
            if first is None or first.level is not Level.REMINDER:
                where = f"{climb.entry.path.name} 第 {climb.reminder_line} 行"
                entry.fault(
                    f"“{step.label}”的{clock.label} {terms.limit} 容不下提前 {climb.ladder.reminder_before} 的提醒"
                    f"（升级梯“{climb.ladder.key}”，{where}）；请换一个升级梯或改短提醒"
                )
                return


def _check_order(
    step: Step[Any], terms: Mapping[Clock, LimitTerms], entry: Entry, since: date, around: _Surroundings
) -> None:
    """An office cannot owe its answer before it owes its acknowledgement."""
    received, answered = terms[Clock.ACKNOWLEDGE], terms[Clock.ANSWER]
    weeks = zip(around.week_of(received, since), around.week_of(answered, since), strict=True)
    for (_, first), (_, second) in weeks:
        if first > second:
            entry.fault(f"“{step.label}”的签收时限 {received.limit} 比办理时限 {answered.limit} 还长")
            return


def _hours_of(step: Step[Any], offices: Mapping[str, Located]) -> set[OfficeHours | None]:
    """The hours in which the step's letters may arrive: None, at any time, for an emergency.

    Empty where the county has no such office, which is a fault already.
    """
    if step.urgency is Urgency.EMERGENCY:
        return {None}
    return {located.office.hours for located in offices.values() if located.office.kind is step.office}


def _ordinary_week(calendar: Calendar, since: date) -> Iterator[datetime]:
    """Ten in the morning of each day of the first week, from `since`, that no holiday comes near."""
    monday = since - timedelta(days=since.weekday())
    for _ in range(26):
        days = [monday + timedelta(days=number) for number in range(21)]
        if all(calendar.rule(day).kind in (DayKind.WORKING_DAY, DayKind.WEEKEND) for day in days):
            break
        monday += timedelta(days=7)
    for number in range(7):
        yield datetime.combine(monday + timedelta(days=number), time(10), SHANGHAI)
