"""One HTTP POST of JSON: bounded, never redirected, never quoting its address."""

import http.client
import urllib.error
import urllib.request
from collections.abc import Mapping
from urllib.parse import urlsplit

from finops_pipeline.alerts.refused import Refused

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object, **__: object) -> None:
        return None


OPENER = urllib.request.build_opener(_NoRedirect)
"""Opens an address and no other that it may name."""


def require_hidden(address: str) -> None:
    """Refuse an address whose path, which is the secret, would travel in clear text.

    Raises:
        Refused: it is no https address, and not on this machine either.
    """
    parts = urlsplit(address)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        return
    raise Refused("has an address that does not begin with https://", may_pass=False)


def post_json(address: str, body: bytes, headers: Mapping[str, str], seconds: float) -> None:
    """Post to an address that answers with any 2xx status.

    Raises:
        Refused: the address is no https address, nobody answered in time, or the answer was no success.
    """
    require_hidden(address)
    sent = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "finops-pipeline", **headers}
    try:
        request = urllib.request.Request(address, data=body, headers=sent, method="POST")
        with OPENER.open(request, timeout=seconds) as answer:
            status = answer.status
    except urllib.error.HTTPError as error:
        with error:
            raise Refused.by_status(error.code, error.headers.get("Retry-After")) from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Refused.by_error(error) from None
    if not 200 <= status < 300:
        raise Refused.by_status(status, None)
