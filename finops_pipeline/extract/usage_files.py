"""Which files a feed's uri matches: the folder without glob characters, and the pattern below it."""

import re
from pathlib import Path

from finops_pipeline.config import UsageFeed
from finops_pipeline.errors import DeliveryError, NothingThereError
from finops_pipeline.extract.ledger import live_deliveries
from finops_pipeline.extract.transport.opening import open_transport
from finops_pipeline.extract.transport.protocol import Transport
from finops_pipeline.uris import file_uri, is_local, local_path


def matching_files(feed: UsageFeed, landing: Path) -> tuple[Transport, list[str]]:
    """The folder a feed's uri names, and the keys of the files in it that the uri matches now.

    Raises:
        DeliveryError: the folder does not exist, or the uri names a folder instead of files; a folder that held files
            of this feed before is empty now.
    """
    base, pattern = _split(feed.uri)
    transport = open_transport(base, landing)
    was_delivered = any(delivery.source_name == feed.name for delivery in live_deliveries(landing, feed.kind))
    try:
        transport.require_reachable()
    except NothingThereError:
        if was_delivered:
            raise
    keys = list(transport.list())
    if was_delivered and not keys:
        raise NothingThereError(
            f"{transport.location} held files of this feed and is empty. A mounted disk must be mounted; a feed that"
            " ended is left out of finops.yaml. What was landed before stays."
        )
    names = [key for key in keys if _matches(key, pattern)]
    if not names and any(key.startswith(f"{pattern}/" if pattern else "") for key in keys):
        raise _of_a_folder(feed.uri.rstrip("/"))
    return transport, names


def _of_a_folder(named: str) -> DeliveryError:
    return DeliveryError(f"{named} is a folder; name its files, such as {named}/*.csv.")


def _split(uri: str) -> tuple[str, str]:
    """The uri of the folder without glob characters, and the pattern below it."""
    if not is_local(uri):
        folder, pattern = _split_parts(tuple(uri.split("/")))
        return "/".join(folder), "/".join(pattern)
    path = local_path(uri)
    if path.is_dir():
        raise _of_a_folder(str(path))
    folder, pattern = _split_parts(path.parts)
    return file_uri(Path(*folder)), "/".join(pattern)


def _split_parts(parts: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    first = next((index for index, part in enumerate(parts) if re.search(r"[*?\[]", part)), len(parts) - 1)
    return parts[:first], parts[first:]


def _matches(key: str, pattern: str) -> bool:
    """Whether a file belongs to the feed.

    Names that begin with '.' or '_', of files and of folders, are marks of tools: snapshots, files that are still
    written. Only where the pattern has the name itself it is meant.
    """
    marks = {part for part in key.split("/") if part.startswith((".", "_"))}
    return marks <= set(pattern.split("/")) and re.fullmatch(_regex(pattern), key) is not None


def _regex(pattern: str) -> str:
    """A glob as a regular expression: `*` and `?` stay within a folder, `**/` spans folders."""
    tokens = re.split(r"(\*\*/|\*\*|\*|\?|\[[^\]]+\])", pattern)
    meaning = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return "".join(
        meaning.get(token) or (token.replace("[!", "[^") if token.startswith("[") else re.escape(token))
        for token in tokens
    )
