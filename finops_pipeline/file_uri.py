"""`file://` uris and plain paths of the configuration to local paths, and what is wrong with the others.

Knows nothing of what lies behind a path; cloud uris are recognised here only to say that they are not read yet.
"""

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

_SCHEME = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*):")
_CLOUD_SCHEMES = ("s3", "bigquery", "az")
_SIGNED = re.compile(r"[?&](sig|x-amz-signature|x-amz-security-token|access_token)=", re.IGNORECASE)


def local_path(uri: str, folder: Path | None = None) -> Path:
    """The absolute local path of a `file://` uri; a path without scheme is relative to `folder`.

    Percent-escapes are decoded in `file://` uris only.
    """
    path = Path(unquote(uri.removeprefix("file://")) if uri.startswith("file://") else uri)
    return path if path.is_absolute() or folder is None else folder / path


def file_uri(path: Path) -> str:
    """The `file://` uri that `local_path` leads back to this path; glob characters stay as they are."""
    return "file://" + str(path).replace("%", "%25")


def uri_problem(uri: str, folder: Path, cloud: tuple[str, ...] = ()) -> str | None:
    """What is wrong with this uri, in words, or None. Whether the path exists is the transport's business.

    Args:
        uri: the value as configured.
        folder: the configuration's folder, which plain paths are relative to.
        cloud: the cloud schemes that belong to this key, for the message only.
    """
    if not uri.strip():
        return "is empty; expected file:///absolute/folder"
    if _carries_a_credential(uri):
        return "carries a credential; secrets come only from the environment or the cloud SDK's own chain. Remove it"
    match = _SCHEME.match(uri)
    if match is None:
        return None
    scheme = match.group(1).lower()
    if scheme == "file":
        if uri.startswith("file:///"):
            return None
        return f"is {uri!r}; expected three slashes and an absolute path, such as file://{folder}/exports"
    if scheme in _CLOUD_SCHEMES and (scheme in cloud or not cloud):
        return f"is {uri!r}: {scheme}:// is not read yet by this version; allowed: file:///absolute/folder"
    expected = ", ".join(["file:///absolute/folder", *(f"{name}://… (not read yet)" for name in cloud)])
    return f"is {uri!r}; allowed: {expected}"


def _carries_a_credential(uri: str) -> bool:
    authority = urlsplit(uri).netloc if "://" in uri else ""
    return "@" in authority or _SIGNED.search(uri) is not None
