"""Slack: blocks of text, by an incoming webhook or a bot's token."""

import http.client
import logging
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.request import Request

from slack_sdk.errors import SlackApiError
from slack_sdk.web import WebClient
from slack_sdk.webhook import WebhookClient, WebhookResponse

from finops_pipeline.alerts.channels.post import OPENER, require_hidden
from finops_pipeline.alerts.configuration import SlackChannel
from finops_pipeline.alerts.digest import Digest, Entry, detail
from finops_pipeline.alerts.refused import Refused

API = "https://slack.com/api/"
"""Where tokens are sent. Tests put a server of their own in its place."""

_LONGEST_SECTION = 2900
"""Slack takes 3,000 characters in a section, and 50 blocks in a message."""

_LONGEST_MESSAGE = 10_000
"""Beyond 11,300 to 13,300 characters in all blocks Slack says `msg_blocks_too_long`; its documentation has no limit."""

_BUSY = ("ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable", "request_timeout")

# The client's own log lines quote addresses and tokens.
_silent = logging.getLogger("finops_pipeline.alerts.slack")
_silent.setLevel(logging.CRITICAL + 1)
_silent.propagate = False


class _Webhook(WebhookClient):
    """Follows no redirect: what it posts is for the address that somebody configured."""

    def _perform_http_request_internal(self, url: str, req: Request) -> WebhookResponse:
        with OPENER.open(req, timeout=self.timeout) as answer:
            body = answer.read().decode(errors="replace")
            return WebhookResponse(url=url, status_code=answer.status, body=body, headers=dict(answer.headers))


class _Api(WebClient):
    """The same; the client would carry its token along to wherever it is sent."""

    def _perform_urllib_http_request_internal(self, url: str, req: Request) -> dict[str, Any]:
        del url
        with OPENER.open(req, timeout=self.timeout) as answer:
            body = answer.read().decode(errors="replace")
            return {"status": answer.status, "headers": answer.headers, "body": body}


def deliver(channel: SlackChannel, digest: Digest, secrets: Mapping[str, str], seconds: float) -> None:
    """Post the digest as blocks, with its headline as the text of the notification."""
    try:
        if channel.webhook_env is not None:
            require_hidden(secrets["webhook_env"])
            client = _Webhook(secrets["webhook_env"], timeout=int(seconds), logger=_silent, retry_handlers=[])
            answer = client.send(text=_escaped(digest.headline), blocks=blocks(digest))
            if answer.status_code != 200 or answer.body != "ok":
                raise Refused.by_status(answer.status_code, answer.headers.get("Retry-After"), _word(answer.body))
        else:
            api = _Api(
                secrets["token_env"],
                base_url=API,
                timeout=int(seconds),
                logger=_silent,
                retry_handlers=[],
            )
            api.chat_postMessage(
                channel=channel.channel or "",
                text=_escaped(digest.headline),
                blocks=blocks(digest),
                unfurl_links=False,
            )
    except SlackApiError as error:
        said = _word(str(error.response.get("error") or ""))
        refused = Refused.by_status(error.response.status_code, error.response.headers.get("Retry-After"), said)
        # Slack says most of its errors with status 200.
        refused.may_pass = refused.may_pass or said in _BUSY
        raise refused from None
    except Refused:
        raise
    except (OSError, http.client.HTTPException) as error:
        raise Refused.by_error(error) from None


def blocks(digest: Digest) -> list[dict[str, Any]]:
    """Header, a section for each check, links at its end."""
    return digest.fitted(
        lambda entries: _blocks(digest, entries),
        lambda shown: sum(len(block["text"]["text"]) for block in shown) <= _LONGEST_MESSAGE,
    )


def _blocks(digest: Digest, entries: Sequence[Entry]) -> list[dict[str, Any]]:
    shown = [{"type": "header", "text": {"type": "plain_text", "text": digest.headline[:150]}}]
    shown += [_section(_entry(entry)) for entry in entries]
    if left_out := digest.left_out(entries):
        shown.append(_section(left_out))
    if digest.solved:
        shown.append(_section("*Solved*\n" + "\n".join(f"• {_escaped(line)}" for line in digest.ended)))
    return [*shown, _section(f"<{digest.dagster_url}|Dagster>")]


def _entry(entry: Entry) -> str:
    link = next((finding.link for finding in entry.findings if finding.link), None)
    title = _escaped(entry.title)
    lines = [f"*{f'<{_escaped(link)}|{title}>' if link else title}* · {_escaped(entry.owner)}"]
    for finding in entry.findings:
        lines.append(f"• {_escaped(finding.subject)}\n    {_escaped(detail(finding))}")
        if finding.command:
            lines.append(f"    `{_escaped(finding.command)}`")
    if entry.more:
        lines.append(_escaped(entry.more))
    lines += [f"_{_escaped(step)}_" for step in dict.fromkeys(f.next_step for f in entry.findings if f.next_step)]
    return "\n".join(lines)


def _section(text: str) -> dict[str, Any]:
    text = text if len(text) <= _LONGEST_SECTION else f"{text[:_LONGEST_SECTION].rsplit(chr(10), 1)[0]}\n…"
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def _escaped(text: str) -> str:
    """What a bill calls something must neither be a link nor call a whole channel (`<!channel>`)."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("`", "'")


def _word(said: str) -> str:
    """Slack's errors are words such as `invalid_token`; anything else is not repeated."""
    return said if said.replace("_", "").isalpha() and len(said) < 60 else ""
