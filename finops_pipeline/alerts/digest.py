"""One message for one channel: its findings by owner and check, short enough to read. Knows no channel's format."""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, TypeVar

from finops_pipeline.alerts.finding import Finding, shortened

SHOWN_OF_A_CHECK = 5
"""Subjects of one check in a message: enough to see the pattern; the count and the link tell the rest."""

CHECKS_SHOWN = 20
"""Checks in a message; chats cut longer ones off in the middle."""

SOLVED_SHOWN, _LONGEST_SOLVED = 10, 200
"""What is over needs no more than to be known again."""

_Message = TypeVar("_Message")


@dataclass(frozen=True)
class Entry:
    """What is told of one check to one owner: the first findings, how many there are, and how many are not shown."""

    owner: str
    name: str
    severity: str
    findings: Sequence[Finding]
    count: int
    hidden: int

    @property
    def title(self) -> str:
        """The check, and how many subjects it is about."""
        word = "FAILED" if self.severity == "error" else "warning"
        return f"{word} {self.name}" + (f" ({self.count})" if self.count > 1 else "")

    @property
    def more(self) -> str | None:
        """What is not shown."""
        return f"… and {self.hidden} more in Dagster and in fct_check_results" if self.hidden else None


@dataclass(frozen=True)
class Digest:
    """What a channel is told on a day. `digest_id` stays the same however often it is tried."""

    digest_id: str
    channel: str
    day: str
    dagster_url: str
    findings: tuple[Finding, ...]
    solved: tuple[str, ...] = ()

    @property
    def headline(self) -> str:
        """One line: what happened, the worst first."""
        errors = sum(finding.is_error for finding in self.findings)
        warnings = len(self.findings) - errors
        parts = [f"{errors} stop{'s' if errors == 1 else ''} publishing"] if errors else []
        parts += [f"{warnings} to look at"] if warnings else []
        parts += [f"{len(self.solved)} solved"] if self.solved else []
        return f"FinOps {self.day}: {', '.join(parts) or 'nothing to tell'}"

    def entries(self) -> list[Entry]:
        """The findings by severity, owner and check, in their order of importance."""
        ordered = sorted(self.findings, key=lambda f: (not f.is_error, f.owner, f.name))
        grouped = groupby(ordered, key=lambda f: (f.severity, f.owner, f.name))
        entries = [_entry(owner, name, severity, list(group)) for (severity, owner, name), group in grouped]
        return entries[:CHECKS_SHOWN]

    def left_out(self, shown: Sequence[Entry]) -> str | None:
        """How many findings are of checks that are not shown at all."""
        count = len(self.findings) - sum(entry.count for entry in shown)
        return f"… and {count} more findings in Dagster and in fct_check_results" if count else None

    @property
    def ended(self) -> list[str]:
        """What is solved: the first ones, and how many more there are."""
        shown = [shortened(line, _LONGEST_SOLVED) for line in self.solved[:SOLVED_SHOWN]]
        hidden = len(self.solved) - len(shown)
        return [*shown, f"… and {hidden} more"] if hidden else shown

    def fitted(self, made: Callable[[Sequence[Entry]], _Message], fits: Callable[[_Message], bool]) -> _Message:
        """A message about as many checks as its service takes, the most important first."""
        entries = self.entries()
        messages = (made(entries[:count]) for count in range(len(entries), 0, -1))
        return next((message for message in messages if fits(message)), made([]))

    def as_dict(self) -> dict[str, Any]:
        """For dead letters and webhooks: all findings, to the last digit."""
        return {
            "digest_id": self.digest_id,
            "channel": self.channel,
            "day": self.day,
            "headline": self.headline,
            "dagster_url": self.dagster_url,
            "findings": [finding.as_dict() for finding in self.findings],
            "solved": list(self.solved),
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Digest":
        """Back from `as_dict`."""
        return cls(
            digest_id=values["digest_id"],
            channel=values["channel"],
            day=values["day"],
            dagster_url=values["dagster_url"],
            findings=tuple(Finding.from_dict(finding) for finding in values["findings"]),
            solved=tuple(values.get("solved", ())),
        )


def make_digest(
    channel: str, day: str, base: str, findings: Sequence[Finding], solved: Sequence[str], *, after: str = ""
) -> Digest:
    """A digest named by its content and the one before, so that the same one never gets a second name.

    `after` is the id of the channel's last digest: what fails again in the same words is another digest.
    """
    told = [finding.as_dict() for finding in findings]
    content = json.dumps([after, channel, day, told, list(solved)], sort_keys=True)
    digest_id = f"{day}-{channel}-{hashlib.sha256(content.encode()).hexdigest()[:12]}"
    return Digest(digest_id, channel, day, base, tuple(findings), tuple(solved))


def as_text(digest: Digest) -> str:
    """The digest for a terminal or a mail."""
    return "\n".join(_lines(digest)) + "\n"


def detail(finding: Finding) -> str:
    """What was seen and what should have been, with the money first where it is known."""
    return f"{finding.money}: {finding.told}" if finding.money else finding.told


def _entry(owner: str, name: str, severity: str, found: Sequence[Finding]) -> Entry:
    """Findings in the same words, such as tags that the same resources lack, stand as one with all their subjects."""
    in_same_words: dict[tuple[str, str | None], list[Finding]] = {}
    for finding in found:
        in_same_words.setdefault((detail(finding), finding.command), []).append(finding)
    shown = [same[:SHOWN_OF_A_CHECK] for same in list(in_same_words.values())[:SHOWN_OF_A_CHECK]]
    told = [replace(same[0], subject=shortened(", ".join(finding.subject for finding in same))) for same in shown]
    return Entry(owner, name, severity, told, len(found), hidden=len(found) - sum(len(same) for same in shown))


def _lines(digest: Digest) -> Iterator[str]:
    yield digest.headline
    owner = None
    for entry in digest.entries():
        if entry.owner != owner:
            owner = entry.owner
            yield from ("", f"For {owner}")
        yield from ("", f"  {entry.title}")
        for finding in entry.findings:
            yield f"    {finding.subject}"
            yield f"      {detail(finding)}"
            if finding.command:
                yield f"      {finding.command}"
        yield from ([f"    {entry.more}"] if entry.more else [])
        links = dict.fromkeys(finding.link for finding in entry.findings if finding.link)
        yield from (f"    {link}" for link in links)
        steps = dict.fromkeys(finding.next_step for finding in entry.findings if finding.next_step)
        yield from (f"    Next: {step}" for step in steps)
    if left_out := digest.left_out(digest.entries()):
        yield from ("", left_out)
    if digest.solved:
        yield from ("", "Solved", *(f"  {line}" for line in digest.solved))
    yield from ("", f"Dagster: {digest.dagster_url}")
