"""How a digest looks in each kind of channel, and one try to deliver it. Retrying is `deliver.py`.

**Slack** goes through Slack's own client, `slack_sdk` (maintained by Slack, no dependencies): it speaks webhooks and
bot tokens, and `dagster-slack` only wraps it with one message per failed run. **Teams** takes Adaptive Cards posted to
a Workflows webhook since the Office 365 connectors were retired; that is one POST. `dagster-msteams` (0.29.27) does the
same POST, but sends a single text and drops the answer's status and Retry-After, so that a refused address cannot be
told from a busy service; it is not used. **Mail** is Python's smtplib. All of them verify certificates by the
machine's own store (`SSL_CERT_FILE` names another), and none takes a redirect for success: it turns a POST into a GET
that does nothing.
"""

import importlib
from collections.abc import Mapping

from finops_pipeline.alerts.configuration import Channel
from finops_pipeline.alerts.digest import Digest

SECONDS_FOR_ONE_TRY = 10.0
"""For an answer; chats answer within one."""


def deliver_once(channel: Channel, digest: Digest, secrets: Mapping[str, str]) -> str:
    """Try to deliver a digest; returns what is amiss although it was taken, empty if nothing is.

    Args:
        channel: where to.
        digest: what.
        secrets: the values of the channel's variables, by the key that names them.

    Raises:
        Refused: it was not taken; the error says whether another try may help.
    """
    # Loaded when something is sent: Slack's client alone takes half a second.
    kind = importlib.import_module(f"{__name__}.{channel.kind}")
    return kind.deliver(channel, digest, secrets, SECONDS_FOR_ONE_TRY) or ""
