"""Reading a JSON manifest that comes from outside: tolerant of additions, strict about what is relied on."""

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from finops_pipeline.errors import DeliveryError
from finops_pipeline.extract.deliveries import Offer, OfferedFile
from finops_pipeline.extract.transport.protocol import Transport, content_etag

_AT_ONCE = 8
"""Manifests read side by side: an export that keeps every daily run has a thousand of them."""

Found = Sequence[Offer | DeliveryError]
"""What a folder's manifests offer; a manifest that cannot be taken is an error in its place, and stops no other."""


_Read = TypeVar("_Read")


def offers_of(read: Callable[..., _Read], manifests: Sequence[tuple[Any, ...]]) -> list[_Read | DeliveryError]:
    """`read(*manifest)` for each manifest, in their order."""

    def offer_or_error(manifest: tuple[Any, ...]) -> _Read | DeliveryError:
        try:
            return read(*manifest)
        except DeliveryError as error:
            return error

    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="manifest") as pool:
        return list(pool.map(offer_or_error, manifests))


def read_manifest(transport: Transport, key: str) -> tuple[dict[str, Any], str]:
    """The manifest and its etag.

    Raises:
        DeliveryError: it cannot be read or is no JSON object.
    """
    content = transport.read_bytes(key)
    where = f"the manifest {transport.location}/{key}"
    try:
        manifest = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:  # no UTF-8, no JSON, or a number of thousands of digits
        raise DeliveryError(
            f"{where} is no JSON ({error}); it may be half written. Run again after the next delivery."
        ) from error
    if not isinstance(manifest, dict):
        raise DeliveryError(f"{where} holds no JSON object. Check that the uri points at the export's own folder.")
    return manifest, content_etag(content)


def named_files(transport: Transport, names: list[OfferedFile], where: str) -> tuple[OfferedFile, ...]:
    """The files a manifest names, with their keys resolved.

    Raises:
        DeliveryError: a name leads outside the export's folder, or stands twice (its rows would count twice).
    """
    files: dict[str, OfferedFile] = {}
    for file in names:
        try:
            key = transport.resolve(file.name)
        except DeliveryError as error:
            raise DeliveryError(
                f"{where} names a file that is not read: {error}. Only files in the export's own folder"
                f" {transport.location} are read; check the uri and the folders above it."
            ) from error
        if key in files:
            raise DeliveryError(f"{where} names {file.name!r} twice; its rows would count twice.")
        files[key] = OfferedFile(key, file.name, file.size, file.rows)
    return tuple(files.values())


def text(value: Any) -> str | None:
    """A manifest's value when it is a text that is not blank, and that a file's name can hold."""
    is_text = isinstance(value, str) and bool(value.strip())
    return value if is_text and not any("\ud800" <= letter <= "\udfff" for letter in value) else None


def count(value: Any) -> int | None:
    """A manifest's count when it tells one. Providers write 0 and null for 'not counted'."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
