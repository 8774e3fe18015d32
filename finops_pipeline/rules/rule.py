"""One allocation rule: which charges it takes, what splits them, who pays, and what happens to the rest."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from finops_pipeline.extract.usage_kinds import CONSUMER_COLUMNS, ConsumerColumn
from finops_pipeline.focus import ALLOWED_VALUES
from finops_pipeline.rules.drivers import (
    COST_DRIVERS,
    DRIVERS_OF_POOL,
    FEEDS,
    WEIGHTS_OF_DRIVER,
    Driver,
    OwnerName,
    PoolKind,
)
from finops_pipeline.rules.selection import Condition, PoolFact, SelectColumn

Step = Literal["direct", "usage", "service", "overhead"]
"""What a rule is a step of; contract of the column `step`."""

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$")]
_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]

_STEPS_OF_DRIVER: dict[str, tuple[Step, ...]] = {
    "direct": ("direct",),
    "gpu_hours": ("usage",),
    "storage_bytes": ("usage",),
    **{driver: ("usage", "service", "overhead") for driver in FEEDS},
    **{driver: ("overhead",) for driver in COST_DRIVERS},
    "fixed": ("usage", "overhead"),
}


def _as_text(value: Any) -> Any:
    return str(value) if isinstance(value, float) else value  # 33.3, not 33.2999999999999971


Weight = Annotated[Decimal, Field(ge=0, le=1_000_000, decimal_places=6), BeforeValidator(_as_text)]
"""A factor as it is written in the file."""


class FixedShare(BaseModel):
    """A consumer's fixed part, in percent."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    consumer: Annotated[dict[ConsumerColumn, _Text], Field(min_length=1)]
    percent: Annotated[Decimal, Field(gt=0, le=100, decimal_places=6), BeforeValidator(_as_text)]


class Rule(BaseModel):
    """One rule of `allocation.yaml`. First match wins, so the order in the file is part of the meaning."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    name: Name
    valid_from: Annotated[date | None, Field(alias="from")] = None
    valid_to: Annotated[date | None, Field(alias="to")] = None
    pool: PoolKind | None = None
    select: dict[SelectColumn, Condition] = {}
    tags: dict[_Text, Condition] = {}
    driver: Driver
    step: Step | None = None
    basis: Literal["requested", "used", "max"] = "requested"
    of: dict[str, _Text] = {}
    by: dict[str, SelectColumn] = {}
    unused: Literal["paid", "shown"] = "paid"
    weights: dict[_Text, Weight] = {}
    model_weights: dict[_Text, dict[_Text, Weight]] = {}
    window: Literal["hour", "day", "month"] = "day"
    consumers: list[ConsumerColumn] = []
    within: list[PoolFact] = []
    shares: list[FixedShare] = []
    service: Name | None = None
    owner: dict[OwnerName, _Text] = {}
    idle: Literal["visible", "spread", "owner", "reservation_holder"] = "visible"
    alternative: Literal["none", "peak"] = "none"
    commitment_benefit: Literal["where_it_fell", "spread"] = "where_it_fell"
    missing: Literal["unallocated", "owner"] = "unallocated"

    @property
    def kind_of_step(self) -> Step:
        """The step, where it is not written: what the driver is made for."""
        return self.step or ("service" if self.service else _STEPS_OF_DRIVER[self.driver][0])

    @property
    def pool_kind(self) -> str:
        """The kind of pool the charges enter: one that the pipeline recognizes, or how the rule splits it."""
        if self.pool:
            return self.pool
        if self.driver == "direct":
            return "owner"
        if self.service:
            return "service"
        return "overhead" if self.driver in COST_DRIVERS else "rule"

    @property
    def payers(self) -> list[str]:
        """The consumer columns that a part is told by; teams, where overhead says nothing else."""
        if self.consumers:
            return list(self.consumers)
        return ["team"] if self.driver in COST_DRIVERS else list(CONSUMER_COLUMNS)

    @model_validator(mode="after")
    def _parts_fit_together(self) -> "Rule":
        parts = (
            self._pool,
            self._selection,
            self._dates,
            self._step,
            self._feed,
            self._settings_of_pools,
            self._settings,
        )
        for check in (*parts, self._windows, self._weights, self._owner):
            if problem := check():
                raise ValueError(problem)
        return self

    def _pool(self) -> str | None:
        if self.pool and self.driver not in (allowed := DRIVERS_OF_POOL[self.pool]):
            return f"driver {self.driver!r} cannot split a {self.pool} pool; allowed: {', '.join(allowed)}"
        made_for = next((pool for pool, drivers in DRIVERS_OF_POOL.items() if self.driver in drivers), None)
        if made_for and not self.pool and self.driver != "direct":
            return f"driver {self.driver} needs pool: {made_for}; a selection can narrow it"
        if not self.pool and not self.select and not self.tags:
            return "a rule takes the charges of a pool or of a selection; give pool, select or tags"
        return None

    def _selection(self) -> str | None:
        for column, condition in self.select.items():
            allowed = ALLOWED_VALUES.get(column, ())
            for value in (*(condition.among or ()), *(condition.not_in or ())) if allowed else ():
                if value not in allowed:
                    return f"{column} is never {value!r}; allowed, letter for letter: {', '.join(allowed)}"
        return None

    def _dates(self) -> str | None:
        if self.valid_from and self.valid_to and self.valid_from >= self.valid_to:
            return f"from {self.valid_from} is not before to {self.valid_to}; `to` is the first day it no longer holds"
        return None

    def _step(self) -> str | None:
        allowed = _STEPS_OF_DRIVER[self.driver]
        if self.step and self.step not in allowed:
            return f"step {self.step!r} is not one that driver {self.driver} has; allowed: {', '.join(allowed)}"
        if (self.service is None) != (self.kind_of_step != "service"):
            return "a rule of step service names the shared service it pays for: service: NAME (and only such a rule)"
        return None

    def _feed(self) -> str | None:
        feed = FEEDS.get(self.driver)
        if feed is None:
            has_keys = self.of or self.by
            return f"of and by choose rows of a usage feed; driver {self.driver} has none" if has_keys else None
        for column in (*self.of, *self.by):
            if column not in feed.keys:
                return f"the feed of driver {self.driver} has no key {column!r}; allowed: {', '.join(feed.keys)}"
        for column in feed.required:
            if column not in self.of and column not in self.by:
                return f"driver {self.driver} adds up different things without {column}: give of: {{{column}: …}}"
        if self.by and self.service:
            return "a shared service has one driver for all its charges; use of instead of by"
        return None

    def _settings_of_pools(self) -> str | None:
        for setting in ("basis", "idle", "alternative"):
            if self.driver != "gpu_hours" and setting in self.model_fields_set:
                return f"{setting} is a matter of gpu_hours; remove it from a rule with driver {self.driver}"
        if self.unused == "shown" and (self.driver != "gpu_hours" or self.basis == "used"):
            return (
                "unused: shown is a matter of gpu_hours that are paid as requested (basis requested or max); remove it"
            )
        if self.driver not in ("gpu_hours", "direct") and "commitment_benefit" in self.model_fields_set:
            return (
                "commitment_benefit is a matter of gpu_hours and direct costs;"
                f" remove it from a rule with driver {self.driver}"
            )
        return None

    def _settings(self) -> str | None:
        if self.driver not in (*FEEDS, *COST_DRIVERS) and self.consumers:
            return f"driver {self.driver} has its own consumers; remove consumers"
        if self.driver not in COST_DRIVERS and self.within:
            return f"within bounds overhead by cost or even; driver {self.driver} has none"
        if (self.driver == "fixed") != bool(self.shares):
            return "shares belong to driver fixed, and fixed needs them"
        if self.shares and (total := sum(share.percent for share in self.shares)) != 100:
            return f"shares sum to {total} percent; expected 100"
        if len({tuple(sorted(share.consumer.items())) for share in self.shares}) < len(self.shares):
            return "a consumer has two shares; give each one"
        return None

    def _windows(self) -> str | None:
        feed = FEEDS.get(self.driver)
        if "window" in self.model_fields_set and feed is None and self.driver != "gpu_hours":
            return f"driver {self.driver} takes its window from the charge; remove window"
        if self.window == "hour" and feed and not feed.has_intervals:
            return f"rows of the feed of driver {self.driver} are days; window: hour is finer than they are"
        if self.window == "hour" and self.service:
            return "a shared service is used by the day or the month; window: hour is finer than that"
        if self.window == "month" and self.driver == "gpu_hours":
            return "machines follow the GPU-hours of the day or the hour; window: month is not allowed"
        return None

    def _weights(self) -> str | None:
        allowed = WEIGHTS_OF_DRIVER.get(self.driver, ())
        if (self.weights or self.model_weights) and not allowed:
            return f"weights are a matter of {' and '.join(WEIGHTS_OF_DRIVER)}; driver {self.driver} has none"
        if self.model_weights and self.driver != "tokens":
            return f"model_weights are a matter of tokens; remove them from a rule with driver {self.driver}"
        for name in (*self.weights, *(name for weights in self.model_weights.values() for name in weights)):
            if name not in allowed:
                return f"driver {self.driver} has no weight {name!r}; allowed: {', '.join(allowed)}"
        if self.driver == "gpu_hours" and self.weights and not self.weights.get("gpu"):
            return "weights of a GPU machine need gpu: N above 0; the others count 0 if left out"
        return None

    def _owner(self) -> str | None:
        needs = [
            *(["driver direct with a selection"] if self.driver == "direct" and not self.pool else []),
            *(["idle: owner"] if self.idle == "owner" else []),
            *(["missing: owner"] if self.missing == "owner" else []),
        ]
        if needs and not self.owner:
            return f"{needs[0]} needs to know whose it is; give owner: {{team: …}}"
        if self.owner and not needs and self.driver != "direct":
            return "owner is used by driver direct, idle: owner and missing: owner only; remove it"
        if self.missing == "owner" and self.driver in ("direct", "fixed"):
            return f"driver {self.driver} is never missing; remove missing"
        return None
