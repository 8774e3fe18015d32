"""Secrets taken out of messages before anyone sees them.

No secret is ever put into one on purpose; a client's own error text may quote a signed URL or a connection string.
"""

import os
import re
from collections.abc import Iterable, Mapping

HIDDEN = "***"

_PARAMETERS = (
    r"sig|signature|x-amz-signature|x-amz-credential|x-amz-security-token|x-goog-signature|x-goog-credential|"
    r"(?:access_|refresh_|id_)?token|accountkey|sharedaccesssignature|sharedaccesskey|password|client_secret|secret|"
    r"(?:aws_)?secret_access_key|api_?key|private_key"
)
# A signature ends with its value; an account key may hold '=' and '+' itself and ends at ';' or white space.
_SIGNED = re.compile(rf"\b({_PARAMETERS})=[^&;\s'\"<>]+", re.IGNORECASE)
_QUOTED = re.compile(rf"""(["'])({_PARAMETERS})\1(\s*:\s*)(["'])(?:(?!\4).)+\4""", re.IGNORECASE | re.DOTALL)
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|$)", re.DOTALL)
_BEARER = re.compile(r"\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE)
_USER_INFO = re.compile(r"(?<=://)[^/\s:@]+:[^/\s@]+@")

_SECRET_VARIABLE = re.compile(r"(SECRET|TOKEN|PASSWORD|_KEY$|CONNECTION_STRING|SAS|CREDENTIALS?_JSON)", re.IGNORECASE)
_ADDRESS_PARTS = re.compile(r"^https?://[^/?#]*|[/?#&]")
"""Between what is secret in an address: its host is none."""

_DIGIT = re.compile(r"\d")
_SHORTEST_SECRET = 8
"""Shorter values of such variables are words like 'true' or 'none'."""


def redacted(text: str, environ: Mapping[str, str] | None = None, *, also: Iterable[str] = ()) -> str:
    """The text without signatures, keys and tokens, and without any value of this process's secret variables.

    `also` are secrets whose variables have other names, such as the addresses of webhooks: they, and the parts of
    their paths, which clients quote without the host.
    """
    secrets = _secrets(os.environ if environ is None else environ)
    for value in also:
        secrets |= {value} if len(value) >= _SHORTEST_SECRET else set()
        # Parts such as /services/ and /triggers/ are words of every message; those with a digit are the secret ones.
        secrets |= {
            part for part in _ADDRESS_PARTS.split(value) if len(part) >= _SHORTEST_SECRET and _DIGIT.search(part)
        }
    for value in sorted(secrets, key=len, reverse=True):
        text = text.replace(value, HIDDEN)
    text = _QUOTED.sub(rf"\1\2\1\3\4{HIDDEN}\4", _PRIVATE_KEY.sub(HIDDEN, text))
    text = _SIGNED.sub(rf"\1={HIDDEN}", text)
    return _USER_INFO.sub(f"{HIDDEN}@", _BEARER.sub(rf"\1 {HIDDEN}", text))


def _secrets(environ: Mapping[str, str]) -> set[str]:
    found: set[str] = set()
    for name, value in environ.items():
        if _SECRET_VARIABLE.search(name) and len(value) >= _SHORTEST_SECRET:
            found.add(value)
            # The parts of a connection string that are secret; its account and endpoints may be told.
            found |= {part for part in re.findall(r"(?:AccountKey|SharedAccessSignature)=([^;]+)", value) if part}
    return found
