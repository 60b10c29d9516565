"""What a child in difficulty is entitled to: 晋政发〔2017〕46号 三 and the national law beside it, as pure rules.

Facts that are known lead to one of three outcomes for each of the rules E01–E50 and N1–N11; what is unknown never
refuses. Numbers, offices and limits are dated data (`EntitlementParameters`, read by `config.entitlements`).
"""

from rules.entitlements.ages import age_on, reaches_age
from rules.entitlements.decide import ImpossibleFactsError, decide, impossibilities
from rules.entitlements.facts import Facts, facts_schema
from rules.entitlements.faults import facts_faults
from rules.entitlements.finding import Decision, Finding, Outcome
from rules.entitlements.labels import fact_label
from rules.entitlements.order import ORDER, RULES
from rules.entitlements.parameters import EntitlementParameters

__all__ = [
    "ORDER",
    "RULES",
    "Decision",
    "EntitlementParameters",
    "Facts",
    "Finding",
    "ImpossibleFactsError",
    "Outcome",
    "age_on",
    "decide",
    "fact_label",
    "facts_faults",
    "facts_schema",
    "impossibilities",
    "reaches_age",
]
