"""Random bills, usage feeds and rules: topologies of every kind, each in a cluster, bucket or account of its own.

What must hold of the ledger built from them is said in the tests.
"""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml
from ledger_fixture import Ledger

from finops_pipeline.rules import AllocationRules, load_rules

COSTS = ("billed", "effective", "list", "contracted")
SERVICES = [f"service-{number}" for number in range(7)]
DAYS = 3
"""How many days from its first one a throw of topologies covers."""

GPU_RULES = 10
GPU_SETTINGS: dict[str, tuple[str, ...]] = {
    "basis": ("requested", "used", "max"),
    "idle": ("visible", "spread", "owner", "reservation_holder"),
    "missing": ("unallocated", "owner"),
    "window": ("day", "day", "hour"),
    "alternative": ("none", "peak"),
    "commitment_benefit": ("where_it_fell", "spread"),
}

_Rule = dict[str, Any]


def random_rules(dice: random.Random, first_day: date, services: Iterable[str] = SERVICES) -> list[_Rule]:
    """Ten rules for GPU clusters, told apart by the cluster's last digit, and one or more for every other kind."""
    services = list(services)
    dealt = {name: _dealt(dice, options, GPU_RULES) for name, options in GPU_SETTINGS.items()}
    return [
        *(
            _gpu_rule(dice, number, first_day, {name: settings[number] for name, settings in dealt.items()})
            for number in range(GPU_RULES)
        ),
        {"name": "gpu", "pool": "gpu_cluster", "driver": "gpu_hours"},
        {"name": "buckets", "pool": "bucket", "driver": "storage_bytes"},
        {"name": "fed", "tags": {"app": "fed"}, "driver": "driver", "of": {"driver": "n"},
         "by": {"pool": "SubAccountId"}, "consumers": ["team"]},
        *(
            {"name": service, "tags": {"app": service}, "driver": "api_calls", "of": {"service": service},
             "service": service, "window": window}
            for service, window in zip(services, _dealt(dice, ("day", "month"), len(services)), strict=True)
        ),
        {"name": "support", "tags": {"app": "overhead"}, "driver": dice.choice(("cost", "even")),
         "within": ["SubAccountId"]},
        {"name": "tax", "select": {"ChargeCategory": ["Tax", "Credit"]}, "driver": "cost"},
        {"name": "owners", "pool": "owner", "driver": "direct",
         "commitment_benefit": dice.choice(GPU_SETTINGS["commitment_benefit"])},
    ]  # fmt: skip


def _dealt(dice: random.Random, options: tuple[str, ...], hands: int) -> list[str]:
    """The options in random order, each as often as any other: thrown one by one, some would never come up."""
    dealt = [options[number % len(options)] for number in range(hands)]
    dice.shuffle(dealt)
    return dealt


def _gpu_rule(dice: random.Random, number: int, first_day: date, settings: dict[str, str]) -> _Rule:
    rule: _Rule = {
        "name": f"gpu-{number}",
        "pool": "gpu_cluster",
        "select": {"x_Cluster": {"ends_with": str(number)}},
        "driver": "gpu_hours",
        **settings,
    }
    if dice.random() < 0.4:
        # in force up to, or from, the second day alone
        rule[dice.choice(("from", "to"))] = first_day + timedelta(days=1)
    if dice.random() < 0.4:
        rule["weights"] = dice.choice(({"gpu": 8, "cpu": 1, "memory": 1}, {"gpu": 1, "cpu": 0.5}))
    if rule["basis"] != "used":
        rule["unused"] = dice.choice(("paid", "shown"))
    if "owner" in (rule["idle"], rule["missing"]):
        rule["owner"] = {"team": "platform"}
    return rule


def in_force(rules: list[_Rule], *, since: date | None = None, until: date | None = None) -> list[_Rule]:
    """The rules as they stand for a part of time; what held outside of it alone drops out."""
    dated = []
    for rule in rules:
        begins = max(filter(None, (rule.get("from"), since)), default=None)
        ends = min(filter(None, (rule.get("to"), until)), default=None)
        if begins is None or ends is None or begins < ends:
            dated.append(rule | ({"from": begins} if begins else {}) | ({"to": ends} if ends else {}))
    return dated


def written(rules: list[_Rule], file: Path) -> AllocationRules:
    """The rules as read from a file."""
    file.write_text(yaml.safe_dump({"version": 1, "rules": rules}), encoding="utf-8")
    return load_rules(file)


def throw(dice: random.Random, ledger: Ledger, topologies: int, first_day: date) -> None:
    """Add random topologies and the calls between the shared services."""
    thrown = _Throw(dice, ledger, first_day)
    kinds = (thrown.cluster, thrown.cluster, thrown.bucket, thrown.feed, thrown.service, thrown.overhead)
    for number in range(topologies):
        dice.choice(kinds)(f"t{number}")
    thrown.calls()


@dataclass
class _Throw:
    dice: random.Random
    ledger: Ledger
    first_day: date

    def cluster(self, name: str) -> None:
        """Machines by the day, the hour or the month, whole or in parts, with what workloads held of them."""
        dice, ledger = self.dice, self.ledger
        for machine in range(dice.randint(1, 3)):
            node, model, day = f"{name}-{machine}", dice.choice(("A100", "H100", None)), self._day()
            category = dice.choice(("Usage", "Usage", "Usage", "Credit", "Tax"))
            gpu_hours = dice.choice((None, "0", "24", "192")) if category == "Usage" else None
            facts = {
                "cluster": name, "day": day, "charge_category": category, "team": dice.choice((None, "holder")),
                "pricing_category": dice.choice(("Standard", "Committed", "Dynamic")),
                "capacity_type": dice.choice(("on_demand", "reserved")), **self._charge_period(day),
            }  # fmt: skip
            ledger.machine("0", node, gpu_hours, gpu_model=model, **facts, **self._money())
            if dice.random() < 0.3:
                for unit in ("Hours", "GiB-Hours"):
                    ledger.machine("0", node, None, gpu_model=None, pricing_unit=unit,
                                   pricing_quantity=self._quantity(), **facts, **self._money())  # fmt: skip
            if dice.random() < 0.2:
                attached = dice.choice((node.upper(), f"{name}-gone"))
                ledger.charge("0", day=day, attached_machine=attached, team="disks", **self._money())
            self._held(name, node, model, day)

    def _held(self, cluster: str, node: str, model: str | None, day: date) -> None:
        dice, ledger = self.dice, self.ledger
        for workload in range(dice.randrange(4)):
            place = {"node": node} if dice.random() < 0.7 else {"gpu_model": model}
            used = {"gpu_hours_used": self._rounded(3)} if dice.random() < 0.5 else {}
            served = dice.choice(SERVICES) if dice.random() < 0.2 else f"w{workload}"
            facts = {"team": f"team-{workload}", "workload_type": dice.choice((None, "serving", "training"))}
            ledger.gpu_hours(served, str(self._rounded(3)), cluster=cluster, day=day, **place, **used, **facts,
                             **self._interval(day))  # fmt: skip
            if dice.random() < 0.3:
                ledger.feeds["compute_hours"].append(
                    {"usage_start": _midnight(day), "usage_end": _midnight(day) + timedelta(days=1),
                     "cluster": cluster, "node": node, "workload": served, "team": f"team-{workload}",
                     "cpu_core_hours_requested": self._rounded(3),
                     "memory_gib_hours_requested": dice.choice((None, self._rounded(3))), **self._interval(day)}
                )  # fmt: skip

    def bucket(self, name: str) -> None:
        """Bytes or requests of a bucket, with or without a feed."""
        dice, day = self.dice, self._day()
        measure, billed = dice.choice(("bytes", "requests")), Decimal(dice.randrange(10**6))
        self.ledger.charge("0", day=day, bucket=name, storage_measure=measure, storage_class="standard",
                           billed_byte_hours=billed, **self._money())  # fmt: skip
        for number in range(dice.randrange(3)):
            consumer = {"workload": dice.choice(SERVICES)} if dice.random() < 0.3 else {"dataset": f"d{number}"}
            self.ledger.stored(str(dice.randrange(10**6)), name, day=day, **consumer)

    def feed(self, name: str) -> None:
        """A pool with a driver feed of its own; sometimes the feed is missing or names nobody."""
        dice = self.dice
        self.ledger.charge("0", day=self._day(), sub_account_id=name, tags={"app": "fed"}, **self._money())
        for _ in range(dice.randrange(4)):
            team = {"team": f"team-{dice.randrange(3)}"} if dice.random() < 0.9 else {}
            self._count("driver", pool=name, driver="n", **team)

    def service(self, name: str) -> None:
        """A charge of a shared service."""
        self.ledger.charge("0", day=self._day(), sub_account_id=name, tags={"app": self.dice.choice(SERVICES)},
                           **self._money())  # fmt: skip

    def calls(self) -> None:
        """Who called the shared services on each day: other services, in cycles or not, and teams.

        Some calls are there whatever the dice say. On one day each service calls itself and only services call, so that
        nothing leaves. On the others a team calls a service that most of the rest are called by.
        """
        dice = self.dice
        days = [self.first_day + timedelta(days=number) for number in range(DAYS)]
        closed_day, called = dice.choice(days), dice.choice(SERVICES)
        others = [service for service in SERVICES if service != called]
        for day in days:
            if day == closed_day:
                sure = [(service, {"workload": service}) for service in SERVICES]
            else:
                # all but one, so that one has the same window, whichever rules they have
                served = dice.sample(others, len(others) - 1)
                sure = [(called, {"team": "team-0"}), *((service, {"workload": called}) for service in served)]
            for service, consumer in sure:
                self._count("api_calls", usage_date=day, quantity=Decimal(1), service=service, **consumer)
            for service in SERVICES:
                for _ in range(dice.randrange(3)):
                    called_by_service = day == closed_day or dice.random() < 0.6
                    consumer = (
                        {"workload": dice.choice(SERVICES)}
                        if called_by_service
                        else {"team": f"team-{dice.randrange(5)}"}
                    )
                    self._count("api_calls", usage_date=day, service=service, **consumer)

    def overhead(self, name: str) -> None:
        """An account with teams' costs, support and a tax or credit."""
        dice, ledger = self.dice, self.ledger
        for team in range(dice.randrange(4)):
            priced = dice.choice(("Standard", "Committed"))
            ledger.charge("0", day=self._day(), sub_account_id=name, team=f"team-{team}", pricing_category=priced,
                          **self._money())  # fmt: skip
        ledger.charge("0", day=self.first_day, sub_account_id=name, tags={"app": "overhead"}, **self._money())
        ledger.charge("0", day=self.first_day, sub_account_id=name, charge_category=dice.choice(("Tax", "Credit")),
                      **self._money())  # fmt: skip

    def _day(self) -> date:
        return self.first_day + timedelta(days=self.dice.randrange(DAYS))

    def _charge_period(self, day: date) -> dict[str, datetime]:
        """The day, an hour of it, or longer than a day."""
        start = _midnight(day) + timedelta(hours=self.dice.choice((0, 0, self.dice.randrange(24))))
        length = self.dice.choice((24, 1, 1, 240))
        return {"charge_period_start": start, "charge_period_end": start + timedelta(hours=length)}

    def _interval(self, day: date) -> dict[str, datetime]:
        """The day, or any interval that begins in it and may go over midnight."""
        if self.dice.random() < 0.5:
            return {}
        start = _midnight(day) + timedelta(minutes=self.dice.randrange(24 * 60))
        return {"usage_start": start, "usage_end": start + timedelta(minutes=self.dice.randint(1, 30 * 60))}

    def _money(self) -> dict[str, Decimal]:
        """Four costs of any size and sign: cents, millionths of a cent, a billion, nothing."""
        scale = self.dice.choice((0, 2, 2, 6, 18))
        digits = self.dice.choice((0, 1, 10**3, 10**6, 10**11))
        return {f"{cost}_cost": Decimal(self.dice.randint(-digits, digits * 3)).scaleb(-scale) for cost in COSTS}

    def _quantity(self) -> Decimal:
        """Nothing, one, a million to one, or anything."""
        quantity = self.dice.choice((0, 0, 1, 1_000_000, self.dice.randint(0, 10**9)))
        return Decimal(quantity) / self.dice.choice((1, 1, 7, 1000))

    def _rounded(self, decimals: int) -> Decimal:
        return self._quantity().quantize(Decimal(1).scaleb(-decimals))

    def _count(self, kind: str, **columns: Any) -> None:
        row = {"usage_date": self._day(), "quantity": self._rounded(6)}
        self.ledger.feeds[kind].append(row | columns)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)
