"""All rules of a file together: what must hold between them, and which version is in force on which day."""

import hashlib
import json
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, StringConstraints, field_validator

from finops_pipeline.rules.rule import Rule
from finops_pipeline.rules.selection import normalized_key

OwnerColumn = Literal[
    "team",
    "project",
    "environment",
    "model_name",
    "workload_type",
    "business_unit",
    "owner",
    "cost_center",
    "dataset",
    "cluster",
    "node_pool",
    "machine",
]
"""The columns a tag can fill: owners, and the three that name the shared machine a charge pays for."""

_TagKey = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


@dataclass(frozen=True)
class RulePeriod:
    """Days (`valid_to` excluded; None is open) on which the same rules hold, and the version of those rules."""

    valid_from: date | None
    valid_to: date | None
    rule_version: str


class AllocationRules(BaseModel):
    """The rules and the currency that reports are read in."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal[1]
    owner_tags: dict[OwnerColumn, list[_TagKey]]
    rules: Annotated[list[Rule], Field(min_length=1)]
    # Not part of the file: it comes from finops.yaml and travels with the rules to the tables dbt reads.
    _reporting_currency: str = PrivateAttr(default="USD")

    @field_validator("rules")
    @classmethod
    def _fit_together(cls, rules: list[Rule]) -> list[Rule]:
        names = [rule.name for rule in rules]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"rule name {name!r} is used {names.count(name)} times; rule names are unique")
        services = [rule.service for rule in rules if rule.service]
        for service in services:
            if services.count(service) > 1:
                raise ValueError(f"service {service!r} has {services.count(service)} rules; one driver splits it all")
        for number, rule in enumerate(rules):
            for earlier in rules[:number]:
                if rule.pool and rule.pool == earlier.pool and _takes_all_that(earlier, rule):
                    raise ValueError(
                        f"pool {rule.pool!r} is taken by 2 rules at once: {earlier.name!r} takes every charge of it "
                        f"before {rule.name!r} is asked; narrow the first, date it, or keep one"
                    )
        return rules

    @property
    def reporting_currency(self) -> str:
        """The currency of `…_reporting` columns (ISO 4217)."""
        return self._reporting_currency

    @property
    def rule_version(self) -> str:
        """Twelve hexadecimal digits over the file's content: comments and layout do not change it."""
        return self._digest([_content(rule) | _validity(rule) for rule in self.rules])

    @property
    def periods(self) -> list[RulePeriod]:
        """Which version holds when, without gaps.

        The version of a day covers the rules in force on it, not their dates: ending a rule next month, or adding one
        for next year, leaves the version of every day before as it was.
        """
        turns = sorted({day for rule in self.rules for day in (rule.valid_from, rule.valid_to) if day})
        edges: list[date | None] = [None, *turns, None]
        return [
            RulePeriod(start, end, self._digest([_content(rule) for rule in self.rules if _holds(rule, start)]))
            for start, end in pairwise(edges)
        ]

    def _digest(self, rules: list[dict[str, Any]]) -> str:
        content = {
            "owner_tags": {column: normalized_keys(keys) for column, keys in sorted(self.owner_tags.items())},
            "rules": rules,
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]


def normalized_keys(keys: list[str]) -> list[str]:
    """Keys in order of priority as staging compares them, each once."""
    return list(dict.fromkeys(normalized_key(key) for key in keys))


def _content(rule: Rule) -> dict[str, Any]:
    # Without defaults: a key that a later version of this program adds does not change what older files say.
    return rule.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude={"valid_from", "valid_to"})


def _validity(rule: Rule) -> dict[str, Any]:
    return rule.model_dump(mode="json", by_alias=True, exclude_none=True, include={"valid_from", "valid_to"})


def _holds(rule: Rule, day: date | None) -> bool:
    """Whether a rule is in force on a day; None stands for the days before every date of the file."""
    if day is None:
        return rule.valid_from is None
    return (rule.valid_from is None or rule.valid_from <= day) and (rule.valid_to is None or day < rule.valid_to)


def _takes_all_that(earlier: Rule, later: Rule) -> bool:
    """Whether the earlier rule leaves nothing of their common pool to the later one."""
    if earlier.select or earlier.tags:
        return False
    begins_first = earlier.valid_from is None or (
        later.valid_from is not None and earlier.valid_from <= later.valid_from
    )
    ends_last = earlier.valid_to is None or (later.valid_to is not None and later.valid_to <= earlier.valid_to)
    return begins_first and ends_last
