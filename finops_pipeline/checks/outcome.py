"""What a check found: a verdict with the evidence a person on call needs. No query and no Dagster lives here."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Context, Decimal

# The default context would round a DECIMAL(38,18) to 28 digits.
_ALL_DIGITS = Context(prec=76)

OFFENDERS_SHOWN = 20
"""Offenders in a Dagster table: enough to see the pattern, few enough to read."""

OFFENDERS_KEPT = 200
"""Offenders kept in the history of a check, and as many confirmed subjects. The check's own row counts all of them."""


BROKEN = "the check itself"
"""The subject of a check that could not be evaluated."""


@dataclass(frozen=True)
class Subject:
    """One thing a claim is about, such as a source's month: which one, what was seen and what should be."""

    subject: str
    observed: str
    expected: str
    owner: str | None = None
    """The team that answers for it, where the data says so: alerts go to it."""
    amount: Decimal | None = None
    """The money it is about, where it is some: more of it is worse."""
    currency: str | None = None


class Offender(Subject):
    """One subject that breaks the claim."""


@dataclass(frozen=True)
class CheckOutcome:
    """The result of one check. It passes when nothing offends the claim.

    `observed` and `expected` speak about the whole check ("2 of 6 totals differ", "every difference is 0");
    `next_step` says what to do when it fails.
    """

    observed: str
    expected: str
    next_step: str
    offenders: Sequence[Offender] = field(default_factory=tuple)
    confirmed: Sequence[Subject] = field(default_factory=tuple, kw_only=True)
    """Subjects for which the claim holds, where they are few and named: sources and their months."""
    details: Mapping[str, str] = field(default_factory=dict)
    """By title, for the check's page: Markdown, or plain text where it is one line."""

    @classmethod
    def broken(cls, error: Exception) -> "CheckOutcome":
        """The check itself could not be evaluated: its claim is unproven, which is a failure."""
        reason = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
        return cls(
            observed="the check could not be evaluated",
            expected="a verdict",
            next_step="See the run's log for the trace; the claim is unproven.",
            offenders=(Offender(BROKEN, reason, "a result"),),
        )

    @property
    def passed(self) -> bool:
        """True when no subject offends the claim."""
        return not self.offenders

    def as_markdown(self) -> str:
        """The worst offenders as a Markdown table, in the order the query ranked them."""
        if self.passed:
            return "Nothing to report."
        lines = ["| subject | observed | expected |", "|---|---|---|"]
        lines += [
            f"| {cell(offender.subject)} | {cell(offender.observed)} | {cell(offender.expected)} |"
            for offender in self.offenders[:OFFENDERS_SHOWN]
        ]
        if len(self.offenders) > OFFENDERS_SHOWN:
            lines.append(f"\n… and {len(self.offenders) - OFFENDERS_SHOWN} more.")
        return "\n".join(lines)

    def summary(self) -> str:
        """What a check's page begins with, as Markdown: what was seen, the first offenders, the next step."""
        if self.passed:
            return self.observed
        worst = [f"- **{_line(o.subject)}**: {_line(o.observed)}; expected {_line(o.expected)}" for o in self.offenders]
        more = [f"- and {len(worst) - 3} more"] if len(worst) > 3 else []
        return "\n\n".join([self.observed, "\n".join([*worst[:3], *more]), f"**Next:** {self.next_step}"])


def counted(number: int, one: str, many: str | None = None) -> str:
    """A number and what it counts, with its verb where one follows: 1 pool has, 2 pools have."""
    return f"{number:,} {one if number == 1 else many or _plural(one)}"


def some_of(number: int, total: int, noun: str, does: str, do: str) -> str:
    """A part of what was looked at, and what it does: 1 of 9 budgets has, 2 of 9 budgets have."""
    return f"{number:,} of {total:,} {_plural(noun)} {does if number == 1 else do}"


def _plural(noun: str) -> str:
    return f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2] not in "aeiou" else f"{noun}s"


def exact(amount: Decimal | None) -> str:
    """Money for a finding: every digit that is there and none that is not."""
    if amount is None:
        return "unknown"
    return f"{amount.normalize(_ALL_DIGITS):f}" if amount else "0"


def _line(text: str) -> str:
    """A text for an item of a Markdown list: signs that would format it, or end the line, stand for themselves."""
    return re.sub(r"([*<`\[\\])", r"\\\1", " ".join(text.split()))


def cell(text: str) -> str:
    """A text for a Markdown table. Names come from bills and feeds: nothing in them may format or break the table."""
    return _line(text).replace("|", "\\|")
