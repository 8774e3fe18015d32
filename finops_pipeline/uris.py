"""The uris of the configuration: which forms there are, what is wrong with one, and the parts of a good one.

Knows nothing of what lies behind a uri; opening is the transports' business (`extract/transport/`).
"""

import os
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

FORMS = {
    "s3": "s3://bucket/prefix/export",
    "az": "az://account/container/root/export",
    "bigquery": "bigquery://project/dataset/table",
}
"""How a uri of each cloud scheme looks."""

_SCHEME = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*):")
_SIGNED = re.compile(r"[?&](sig|x-amz-signature|x-amz-security-token|access_token)=", re.IGNORECASE)
_FEWEST_PARTS = {"s3": 2, "az": 3, "bigquery": 3}
_GOOGLE_NAME = re.compile(r"[A-Za-z0-9_.:$-]+")


def is_local(uri: str) -> bool:
    """Whether a uri that was checked is a local path, with or without `file://`."""
    return scheme_of(uri) not in FORMS


def scheme_of(uri: str) -> str:
    """The scheme in lower case; `file` for a plain path."""
    match = _SCHEME.match(uri)
    return match[1].lower() if match else "file"


def cloud_parts(uri: str) -> tuple[str, ...]:
    """The segments of a cloud uri: bucket (account and container, project and dataset), then the rest."""
    return tuple(uri.partition("://")[2].strip("/").split("/"))


def local_path(uri: str, folder: Path | None = None) -> Path:
    """The absolute local path of a `file://` uri; a path without scheme is relative to `folder`.

    Percent-escapes are decoded in `file://` uris only.
    """
    path = Path(unquote(uri.removeprefix("file://")) if uri.startswith("file://") else uri)
    return path if path.is_absolute() or folder is None else folder / path


def file_uri(path: Path) -> str:
    """The `file://` uri that `local_path` leads back to this path; glob characters stay as they are."""
    return "file://" + str(path).replace("%", "%25")


def place_of(uri: str, folder: Path) -> str:
    """What a uri leads to, in one spelling: two that are equal lead to the same files, however they are written."""
    if is_local(uri):
        return os.path.realpath(local_path(uri, folder))
    return f"{scheme_of(uri)}://{'/'.join(cloud_parts(uri))}"


def uri_problem(uri: str, folder: Path, cloud: tuple[str, ...] = ()) -> str | None:
    """What is wrong with this uri, in words, or None. Whether anything is there is the transport's business.

    Args:
        uri: the value as configured.
        folder: the configuration's folder, which plain paths are relative to.
        cloud: the cloud schemes that are allowed for this key.
    """
    if not uri.strip():
        return "is empty; expected file:///absolute/folder"
    if uri != uri.strip():
        return f"is {uri!r}; remove the blanks around it"
    if _carries_a_credential(uri):
        return "carries a credential; secrets come only from the environment or the cloud SDK's own chain. Remove it"
    match = _SCHEME.match(uri)
    if match is None:
        return None
    scheme = match[1].lower()
    if scheme == "file":
        if uri.startswith("file:///"):
            return None
        return f"is {uri!r}; expected three slashes and an absolute path, such as file://{folder}/exports"
    if scheme in cloud and uri.startswith(f"{scheme}://"):
        return _cloud_problem(uri, scheme)
    return f"is {uri!r}; allowed: {', '.join(['file:///absolute/folder', *(FORMS[name] for name in cloud)])}"


def _cloud_problem(uri: str, scheme: str) -> str | None:
    parts = cloud_parts(uri)
    plain = all(part not in ("", ".", "..") and "\\" not in part for part in parts)
    if scheme == "bigquery":
        plain = plain and len(parts) == 3 and all(_GOOGLE_NAME.fullmatch(part) for part in parts)
    if not plain or len(parts) < _FEWEST_PARTS[scheme] or "?" in parts[0]:
        return f"is {uri!r}; expected {FORMS[scheme]}"
    return None


def _carries_a_credential(uri: str) -> bool:
    authority = urlsplit(uri).netloc if "://" in uri else ""
    return "@" in authority or _SIGNED.search(uri) is not None
