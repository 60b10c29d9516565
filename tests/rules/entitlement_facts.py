"""Facts for the property tests: complete and free of contradiction, and the same with gaps."""

from __future__ import annotations

from copy import deepcopy
from datetime import date
from typing import Any

from hypothesis import strategies as st

from rules.entitlements.ages import add_months
from rules.entitlements.facts import DisabilityKind, Living, ShockKind, Stage

_DAY = date(2022, 6, 1)
_PAST = st.dates(date(2005, 1, 1), _DAY)
_LASTING_STATES = (
    "declared_missing",
    "cannot_be_found",
    "out_of_contact",
    "left_home",
    "deported",
    "guardianship_revoked",
    "serious_illness",
    "aids_lost_work_capacity",
)
_TERMS = ("imprisoned", "compulsory_detox", "restrained")
_AWAY = ("declared_missing", "cannot_be_found", "out_of_contact", "left_home")


def _record(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(fields)


_LASTING = st.one_of(st.just(False), _record(since=_PAST))
_DATED_TERM = _record(since=_PAST, term_months=st.integers(0, 120))
_TERM = st.one_of(
    st.just(False),
    _DATED_TERM,
    # What is stated agrees with the dates: an early release would not fill a gap but correct what the dates presume.
    _DATED_TERM.map(lambda term: {**term, "holds": add_months(term["since"], term["term_months"]) >= _DAY}),
    _record(indefinite=st.just(True), since=_PAST),
)
_DISABILITIES = st.lists(_record(kind=st.sampled_from(DisabilityKind), grade=st.integers(1, 4)), max_size=2)


@st.composite
def _parent(draw: st.DrawFn) -> dict[str, Any]:
    """A parent all of whose states are known and agree: the dead are in none, who is held is not away."""
    own: dict[str, Any] = dict.fromkeys(_LASTING_STATES + _TERMS, False)
    own |= {"disabilities": [], "has_guardianship_capacity": draw(st.booleans()), "supports": False}
    way = draw(st.sampled_from(("dead", "held", "away", "known")))
    own["dead"] = {"since": draw(st.dates(date(2021, 1, 1), _DAY))} if way == "dead" else False
    if way == "held":
        own |= {name: draw(_TERM) for name in _TERMS}
    if way == "away":
        own |= {name: draw(_LASTING) for name in _AWAY}
    if way in ("held", "known"):
        own |= {name: draw(_LASTING) for name in ("serious_illness", "aids_lost_work_capacity")}
        own["disabilities"] = draw(_DISABILITIES)
    if way != "dead":
        own |= {name: draw(_LASTING) for name in ("deported", "guardianship_revoked")}
    return own


@st.composite
def full_facts(draw: st.DrawFn) -> dict[str, Any]:
    """Every fact known but the county's recognition, which may be left to a person."""
    flag = st.booleans()
    extreme_poverty = draw(flag)
    facts = {
        "birth": draw(st.dates(date(2001, 1, 1), date(2020, 12, 31))),
        "father": draw(_parent()),
        "mother": draw(_parent()),
        "guardian": draw(
            _record(
                other_guardian=flag,
                no_guardian_or_support=flag,
                court_named_civil_affairs=flag,
                refuses_duty=flag,
                corrected_after_police_education=flag,
                detained=_TERM,
                imprisoned=_TERM,
                compulsory_detox=_TERM,
            )
        ),
        "household": draw(
            _record(
                subsistence=_LASTING,
                meets_subsistence=flag,
                registered_poor=_LASTING,
                poor=flag,
                rural=flag,
            )
        )
        | {
            "extreme_poverty": extreme_poverty,
            "child_has_livelihood": not extreme_poverty and draw(flag),
            "supporter_able": not extreme_poverty and draw(flag),
        },
        "disabilities": draw(_DISABILITIES),
        "schooling": draw(
            _record(
                stage=st.sampled_from(Stage),
                school_kind=st.sampled_from(("public", "private")),
                able_ordinary_school=flag,
                able_to_attend=flag,
                finished_compulsory=flag,
                boarding=flag,
            )
        ),
        "health": draw(
            _record(
                serious_illness=flag,
                cerebral_palsy=flag,
                treated_in_designated_hospital=flag,
                treated_in_pooling_area=flag,
                rehab_item_listed=flag,
                meets_medical_assistance=flag,
            )
        ),
        "shock": draw(_record(kind=st.sampled_from(ShockKind), date=_PAST, other_relief=flag, here=flag)),
        "schemes": draw(_record(disability_living_subsidy=_LASTING, meets_living_subsidy=flag, meets_care_subsidy=flag))
        | {"orphan_allowance": False if extreme_poverty else draw(flag)},
        "needs": draw(_record(long_term_care=flag, care_or_training=flag, rehabilitation=flag)),
        "living": draw(st.sampled_from(Living)),
        "migrant": draw(flag),
        "adopted": draw(flag),
        "in_difficulty": draw(flag),
    }
    recognised = draw(st.sampled_from((True, False, None)))
    return facts if recognised is None else {**facts, "recognised_by_county": recognised}


def with_gaps(full: dict[str, Any]) -> st.SearchStrategy[tuple[dict[str, Any], dict[str, Any]]]:
    """The full facts, and the same with some of them unknown."""
    paths = list(_removable(full, ()))
    share = st.sampled_from((0.1, 0.4, 0.7))
    return st.tuples(share, st.randoms(use_true_random=False)).map(
        lambda drawn: (full, _without(full, [path for path in paths if drawn[1].random() < drawn[0]]))
    )


def _removable(value: Any, path: tuple[Any, ...]) -> Any:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        # A disability is one whole: its kind must be given, and a shorter list would be another fact, not a gap.
        if key != "kind" and not isinstance(value, list):
            yield (*path, key)
        yield from _removable(inner, (*path, key))


def _without(full: dict[str, Any], paths: list[tuple[Any, ...]]) -> dict[str, Any]:
    partial = deepcopy(full)
    for path in paths:
        holder: Any = partial
        for part in path[:-1]:
            holder = holder[part] if isinstance(holder, list) else holder.get(part)
            if holder is None:
                break
        else:
            holder.pop(path[-1], None)
    return partial
