"""Which files a manifest may name. A manifest is input from outside: it names files of its own export, or nothing."""

from finops_pipeline.errors import DeliveryError


def resolve_named_key(name: str, folders: tuple[str, ...]) -> str:
    """The key, relative to the export's own folder, of a file as a manifest names it.

    `folders` are the export's own folder and those above it, outermost first. A name is made of the same folders and
    then the key: `prefix/export/key`, or `s3://bucket/prefix/export/key`. Its leading segments must equal the last
    of `folders`; what remains is the key. With a bucket, the bucket must be among them, so a file of another bucket is
    refused; without one, the name begins with the prefix. The longest match wins.

    Raises:
        DeliveryError: another scheme or bucket, an absolute path, `..`, or a name outside the export's folder.
    """
    rest = name.strip()
    scheme, separator, after = rest.partition("://")
    if separator:
        if scheme.lower() != "s3":
            raise DeliveryError(
                f"{name!r} has the scheme {scheme}://, which no manifest may name; expected a key or s3://"
            )
        rest = after
    segments = require_plain(rest, name)
    for length in range(min(len(segments) - 1, len(folders)), 0, -1):
        # With a bucket, one segment is the bucket and at least one more the export's folder.
        if tuple(segments[:length]) == folders[-length:] and not (separator and length < 2):
            return "/".join(segments[length:])
    expected = "/".join(folders[-3:])
    raise DeliveryError(
        f"{name!r} is not in the export's folder: its leading segments must be the folders that end in …/{expected}"
        + (" (bucket, prefix, export)" if separator else " (prefix, export)")
    )


def resolve_in_bucket(name: str, scheme: str, folders: tuple[str, ...]) -> str:
    """The key, relative to the export's own folder, of a file as a manifest in a bucket or container names it.

    `folders` are bucket (or container) and prefix, all of them: unlike on a disk nothing is left to guess. A name is
    `scheme://bucket/prefix/key`, or the object's key in its bucket: `prefix/key`. The prefix comes from the
    configuration and may begin with an empty folder; what stands behind it must be plain.

    Raises:
        DeliveryError: another scheme, bucket or prefix, an absolute path or `..`.
    """
    start, separator, after = name.strip().partition("://")
    if separator and start.lower() != scheme:
        raise DeliveryError(
            f"{name!r} has the scheme {start}://, which this manifest may not name; expected a key or {scheme}://"
        )
    rest = after if separator else start
    expected = "".join(f"{folder}/" for folder in (folders if separator else folders[1:]))
    key = rest.removeprefix(expected)
    require_plain(key if rest.startswith(expected) else rest, name)
    if not rest.startswith(expected):
        raise DeliveryError(f"{name!r} is not in the export's folder: it must begin with {expected}")
    return key


def require_plain(key: str, name: str) -> list[str]:
    """The segments of a key that stays where it is.

    Raises:
        DeliveryError: an absolute path, '.', '..', an empty segment, a backslash or a control character.
    """
    segments = key.split("/")
    if "\\" in key or any(ord(letter) < 32 for letter in key) or any(part in ("", ".", "..") for part in segments):
        raise DeliveryError(f"{name!r} is not a plain key: absolute paths, '.', '..' and empty segments are refused")
    return segments
