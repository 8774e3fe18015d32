"""What would count twice where no manifest names the files: a file that two feeds read, a copy beside a file.

Rows are never compared, since two equal ones both count. Files are: the same file, and the same content.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from finops_pipeline.errors import DeliveryError
from finops_pipeline.extract.deliveries import Delivery, LandedFile, Offer

FEWEST_ROWS_OF_A_COPY = 10
"""Fewer equal rows may be events that are alike, each in a file of its own."""

_FORMAT = re.compile(r"(\.(csv|parquet|jsonl|ndjson|json))?(\.gz)?$", re.IGNORECASE)


def require_no_copies(offer: Offer, files: Sequence[LandedFile]) -> None:
    """Raise DeliveryError where two files of a bill that has no manifest have the same rows."""
    first: dict[str, str] = {}
    for file in files:
        # The last part of a token is the content's.
        for mark in (file.etag.rpartition("/")[2], _name(file.name, file.rows)) if file.rows else ():
            same = first.setdefault(mark, file.name)
            if same != file.name:
                raise offer.refused(
                    file.name,
                    f"has the same {file.rows:,} row{'' if file.rows == 1 else 's'} as {same}, which would count twice",
                    "each file once, in one format",
                    "Remove the copy, and run again.",
                )


def counted_twice(live: Iterable[Delivery]) -> Iterator[DeliveryError]:
    """An error for each two feeds that share files and each feed that holds copies, over the live files of a kind."""
    files, alike = defaultdict[str, list[Delivery]](list), defaultdict[str, list[Delivery]](list)
    for delivery in live:
        files[delivery.manifest].append(delivery)
        if delivery.rows:
            alike[_name(delivery.manifest, delivery.rows)].append(delivery)
        if delivery.rows >= FEWEST_ROWS_OF_A_COPY:
            alike[delivery.identity].append(delivery)
    shared = [same for same in files.values() if len(same) > 1]
    for feeds, found in _by_feeds(shared).items():
        yield DeliveryError(
            f"usage feeds {feeds} both read {found[0].manifest}{_and_more(found)}; its rows would count twice. Narrow"
            " one of the patterns in finops.yaml, or leave one feed out."
        )
    copies = [same for same in alike.values() if len({delivery.manifest for delivery in same}) > 1]
    for feeds, found in _by_feeds(copies).items():
        one, other = list(dict.fromkeys(delivery.manifest for delivery in found))[:2]
        yield DeliveryError(
            f"usage feed {feeds}: {one} and {other} have the same {found[0].rows:,} rows; they would count twice."
            " Remove the copy, or move it to where no feed looks."
        )


def _name(name: str, rows: int) -> str:
    """The same for a file that lies there compressed or in another format as well."""
    return f"{_FORMAT.sub('', name)}, {rows} rows"


def _by_feeds(groups: Iterable[list[Delivery]]) -> dict[str, list[Delivery]]:
    """The groups of the same feeds together: two feeds that share a thousand files are one fault."""
    found: dict[str, list[Delivery]] = defaultdict(list)
    for same in groups:
        found[" and ".join(sorted({delivery.source_name for delivery in same}))] += same
    return found


def _and_more(found: list[Delivery]) -> str:
    more = len({delivery.manifest for delivery in found}) - 1
    return f" and {more:,} file{'' if more == 1 else 's'} more" if more else ""
