"""Any service that takes JSON: every finding to the last digit, signed as Standard Webhooks are.

The receiver checks `webhook-signature` over `id.timestamp.body` with the shared secret, and knows by `webhook-id`
that it has a digest already: one that is tried again keeps its id.
"""

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Mapping

from finops_pipeline.alerts.channels.post import post_json
from finops_pipeline.alerts.configuration import WebhookChannel
from finops_pipeline.alerts.digest import Digest


def deliver(channel: WebhookChannel, digest: Digest, secrets: Mapping[str, str], seconds: float) -> None:
    """Post the digest as JSON."""
    body = json.dumps({"version": 1, **digest.as_dict()}, ensure_ascii=False).encode()
    headers = {"webhook-id": digest.digest_id, "webhook-timestamp": str(int(time.time()))}
    if channel.secret_env is not None:
        headers["webhook-signature"] = signature(secrets["secret_env"], headers, body)
    post_json(secrets["url_env"], body, headers, seconds)


def signature(secret: str, headers: Mapping[str, str], body: bytes) -> str:
    """`v1,` and the HMAC-SHA256 in base64. A secret that begins with `whsec_` is base64 itself."""
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(_key(secret), signed, hashlib.sha256).digest()).decode()


def _key(secret: str) -> bytes:
    if not secret.startswith("whsec_"):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        return secret.encode()
