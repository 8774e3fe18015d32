"""What someone should know: one finding, what makes it the same one tomorrow, and where to look."""

from dataclasses import asdict, dataclass, fields
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlencode

RUN_FAILED = "run_failed"
"""The name of a failure that is no check's; routes select by it as by a check's name."""

PIPELINE_OWNER = "finops"
"""Who answers for what belongs to no team: the owner of all assets."""

_LONGEST_TEXT = 500


@dataclass(frozen=True)
class Finding:
    """One thing to tell. `key` is the same as long as it is the same trouble; a higher `weight` is a worse one."""

    key: str
    name: str
    severity: str
    subject: str
    told: str
    owner: str = PIPELINE_OWNER
    amount: Decimal | None = None
    currency: str | None = None
    weight: float = 0.0
    link: str | None = None
    allocation_id: str | None = None
    next_step: str | None = None
    is_told_once: bool = False
    """Whether its return is no news: a forecast that goes up and down around a budget's threshold."""

    @property
    def is_error(self) -> bool:
        """Whether it holds back what is published."""
        return self.severity == "error"

    @property
    def money(self) -> str | None:
        """The amount for people."""
        return None if self.amount is None else f"{self.amount:+,.2f} {self.currency or ''}".rstrip()

    @property
    def command(self) -> str | None:
        """The command that shows where the money comes from."""
        return f"finops explain {self.allocation_id}" if self.allocation_id else None

    def as_dict(self) -> dict[str, Any]:
        """For files and webhooks; the amount as text, to the last digit."""
        return asdict(self) | {"amount": None if self.amount is None else f"{self.amount:f}"}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Finding":
        """Back from `as_dict`; what another version of this program wrote beside it is left out."""
        known = {field.name for field in fields(cls)}
        amount = values.get("amount")
        return cls(
            **{name: value for name, value in values.items() if name in known and name != "amount"},
            amount=None if amount is None else Decimal(amount),
        )


def shortened(text: str, longest: int = _LONGEST_TEXT) -> str:
    """One line of at most some hundred characters: what bills and feeds call things has no bound."""
    line = " ".join(text.split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def run_link(base: str, run_id: str) -> str:
    """The page of a run in Dagster's UI."""
    return f"{base}/runs/{quote(run_id, safe='')}"


def check_link(base: str, asset: str, check_name: str) -> str:
    """The page of a check in Dagster's UI: the asset's tab of checks with this one open."""
    return f"{asset_link(base, asset)}?{urlencode({'view': 'checks', 'checkDetail': check_name})}"


def asset_link(base: str, asset: str) -> str:
    """The page of an asset in Dagster's UI."""
    return f"{base}/assets/{'/'.join(quote(part, safe='') for part in asset.split('/'))}"
