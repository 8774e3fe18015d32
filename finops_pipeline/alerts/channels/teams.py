"""Microsoft Teams: an Adaptive Card, as the workflow "When a Teams webhook request is received" takes it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from finops_pipeline.alerts.channels.post import post_json
from finops_pipeline.alerts.configuration import TeamsChannel
from finops_pipeline.alerts.digest import Digest, Entry, detail

_MOST_BYTES = 24_000
"""Teams takes messages of about 28 kB."""


def deliver(channel: TeamsChannel, digest: Digest, secrets: Mapping[str, str], seconds: float) -> None:
    """Post the digest as a card."""
    post_json(secrets["url_env"], json.dumps(message(digest), ensure_ascii=False).encode(), {}, seconds)


def message(digest: Digest) -> dict[str, Any]:
    """The card, with as many checks as fit."""
    return digest.fitted(
        lambda entries: _message(digest, entries),
        lambda card: len(json.dumps(card, ensure_ascii=False).encode()) <= _MOST_BYTES,
    )


def _message(digest: Digest, entries: Sequence[Entry]) -> dict[str, Any]:
    body = [_text([_run(digest.headline, weight="Bolder", size="Large")])]
    for entry in entries:
        body += _entry(entry)
    if left_out := digest.left_out(entries):
        body.append(_text([_run(left_out)]))
    if digest.solved:
        body.append(_text([_run("Solved", weight="Bolder", color="Good")]))
        body += [_text([_run(line)]) for line in digest.ended]
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": body,
        "actions": [{"type": "Action.OpenUrl", "title": "Dagster", "url": digest.dagster_url}],
    }
    content = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [content]}


def _entry(entry: Entry) -> list[dict[str, Any]]:
    link = next((finding.link for finding in entry.findings if finding.link), None)
    color = "Attention" if entry.severity == "error" else "Warning"
    shown = [_text([_run(entry.title, link=link, weight="Bolder", color=color), _run(f" · {entry.owner}")], above=True)]
    for finding in entry.findings:
        runs = [_run(f"{finding.subject}: ", weight="Bolder"), _run(detail(finding))]
        shown.append(_text([*runs, _run(f" {finding.command}", fontType="Monospace")] if finding.command else runs))
    if entry.more:
        shown.append(_text([_run(entry.more)]))
    steps = dict.fromkeys(finding.next_step for finding in entry.findings if finding.next_step)
    return [*shown, *(_text([_run(step, italic=True)]) for step in steps)]


def _text(runs: list[dict[str, Any]], *, above: bool = False) -> dict[str, Any]:
    # Rich text is shown as it stands; in a plain text block, what a bill calls something would be read as Markdown.
    return {"type": "RichTextBlock", "inlines": runs, **({"separator": True} if above else {})}


def _run(text: str, *, link: str | None = None, **style: Any) -> dict[str, Any]:
    opens = {"selectAction": {"type": "Action.OpenUrl", "url": link}} if link else {}
    return {"type": "TextRun", "text": text, **style, **opens}
