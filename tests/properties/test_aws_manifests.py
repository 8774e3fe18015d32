"""Whatever a manifest in a bucket holds, it offers files of its own export and month, or it is refused by name."""

import json
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from finops_pipeline.config import Source
from finops_pipeline.errors import DeliveryError
from finops_pipeline.extract import aws_data_exports, aws_legacy_cur
from finops_pipeline.extract.deliveries import Offer
from finops_pipeline.extract.transport.named_keys import resolve_in_bucket

SOURCE = Source.model_validate({"name": "payer", "provider": "aws", "dataset": "cur2", "uri": "s3://acme/cur/export"})
EXECUTION = "2026-10-19T01:02:03.004Z-aab27b33-0000-4000-8000-000000000001"


class Bucket:
    """The part of a transport that readers of manifests use, over a dictionary."""

    location, folder_name = "s3://acme/cur/export", "export"

    def __init__(self, objects: dict[str, bytes]):
        self.objects = objects

    def list(self, prefix: str = "", recursive: bool = True) -> Iterator[str]:
        folder = f"{prefix}/" if prefix else ""
        for key in sorted(self.objects):
            if key.startswith(folder) and (recursive or "/" not in key.removeprefix(folder)):
                yield key

    def folders(self, prefix: str = "") -> Iterator[str]:
        folder = f"{prefix}/" if prefix else ""
        below = [key.removeprefix(folder) for key in self.objects if key.startswith(folder)]
        yield from sorted({folder + key.partition("/")[0] for key in below if "/" in key})

    def read_bytes(self, key: str) -> bytes:
        return self.objects[key]

    def resolve(self, name: str) -> str:
        return resolve_in_bucket(name, "s3", ("acme", "cur", "export"))


segments = st.sampled_from(
    [
        "data",
        "cur",
        "export",
        "acme",
        "BILLING_PERIOD=2026-10",
        "billing_period=2026-09",
        EXECUTION,
        "..",
        ".",
        "",
        "\\",
    ]
)
files = st.sampled_from(["x.parquet", "x.csv.gz", "y.csv.gz", "x.csv.zip", "x.sql", "%2e%2e", "a\nb", ""])
starts = st.sampled_from(
    ["", "s3://", "s3://acme/cur/export/", "cur/export/", "/", "https://acme/", "file:///", "S3://"]
)
folders = st.sampled_from(
    [
        "data/BILLING_PERIOD=2026-10/",
        f"data/BILLING_PERIOD=2026-10/{EXECUTION}/",
        "data/billing_period=2026-09/",
        "20261001-20261101/",
        "20261001-20261101/20261019T190636Z/",
        "20260901-20261001/0a1b/",
        "export/year=2026/month=10/",
    ]
)
names = st.one_of(
    st.builds(lambda folder, file: f"s3://acme/cur/export/{folder}{file}", folders, files),
    st.builds(lambda start, folder, file: start + folder + file, starts, folders, files),
    st.builds(
        lambda start, parts, file: start + "/".join([*parts, file]), starts, st.lists(segments, max_size=5), files
    ),
    st.text(),
)
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), names)
entries = st.one_of(
    scalars, st.fixed_dictionaries({}, optional={"key": names, "size": scalars, "s3Uri": names, "rowCount": scalars})
)


def good_manifests(*folders: str) -> st.SearchStrategy[dict[str, Any]]:
    """Manifests as AWS writes them, of files in one of these folders."""
    found = st.builds(
        lambda start, folder, files: [f"{start}{folder}{file}" for file in files],
        st.sampled_from(["s3://acme/cur/export/", "cur/export/"]),
        st.sampled_from(folders),
        st.lists(st.sampled_from(["x.parquet", "x.csv.gz", "y.csv.gz"]), min_size=1, max_size=3, unique=True),
    )
    return found.map(lambda names: {"dataFiles": names, "reportKeys": names, "assemblyId": "a"})


other_manifests = st.fixed_dictionaries(
    {},
    optional={
        "dataFiles": st.one_of(scalars, st.lists(entries, max_size=4)),
        "reportKeys": st.one_of(scalars, st.lists(entries, max_size=4)),
        "executionId": scalars,
        "assemblyId": scalars,
        "billingPeriod": st.one_of(scalars, st.fixed_dictionaries({"start": scalars})),
        "additionalOutputFiles": st.lists(names, max_size=2),
    },
)


def contents(*folders: str) -> st.SearchStrategy[bytes]:
    """What may stand where a manifest is expected."""
    good = good_manifests(*folders)
    manifests = st.one_of(good, good, other_manifests).map(lambda value: json.dumps(value).encode())
    return st.one_of(manifests, manifests, st.binary(max_size=40), scalars.map(lambda value: repr(value).encode()))


@settings(max_examples=1000, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(
            [
                "metadata/BILLING_PERIOD=2026-10/export-Manifest.json",
                "metadata/billing_period=2026-09/export-Manifest.json",
                f"metadata/BILLING_PERIOD=2026-10/{EXECUTION}/export-Manifest.json",
                "metadata/BILLING_PERIOD=2026-13/export-Manifest.json",
                "metadata/BILLING_PERIOD=2026-10/export-Metadata.json",
            ]
        ),
        contents(
            "data/BILLING_PERIOD=2026-10/", f"data/BILLING_PERIOD=2026-10/{EXECUTION}/", "data/billing_period=2026-09/"
        ),
        max_size=3,
    )
)
def test_a_data_export_offers_files_of_its_own_month_or_is_refused(objects: dict[str, bytes]):
    for found in aws_data_exports.list_offers(Bucket(objects), SOURCE):  # pyright: ignore[reportArgumentType]
        require_safe(found, ("data/",), (".parquet", ".csv.gz", ".csv"))
        if isinstance(found, Offer):
            assert all(f"={found.period}/" in file.key.lower() for file in found.files)


@settings(max_examples=1000, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(
            [
                "20261001-20261101/export-Manifest.json",
                "20261001-20261101/other-Manifest.json",
                "20261001-20261101/20261019T190636Z/export-Manifest.json",
                "20260901-20261001/0a1b/export-Manifest.json",
                "20261301-20270101/export-Manifest.json",
            ]
        ),
        contents("20261001-20261101/", "20261001-20261101/20261019T190636Z/", "export/year=2026/month=10/"),
        max_size=3,
    )
)
def test_a_legacy_report_offers_files_of_its_own_month_or_is_refused(objects: dict[str, bytes]):
    for found in aws_legacy_cur.list_offers(Bucket(objects), SOURCE):  # pyright: ignore[reportArgumentType]
        require_safe(found, ("",), (".parquet", ".csv.gz", ".csv", ".zip"))
        if isinstance(found, Offer):
            month = found.period.replace("-", "")
            athena = f"year={month[:4]}/month={int(month[4:])}/"
            assert all(file.key.startswith(f"{month}01-") or athena in file.key for file in found.files)


def require_safe(found: Any, folders: tuple[str, ...], endings: tuple[str, ...]) -> None:
    assert isinstance(found, Offer | DeliveryError)
    if isinstance(found, DeliveryError):
        assert "s3://acme/cur/export" in str(found)
        return
    keys = [file.key for file in found.files]
    assert len(keys) == len(set(keys)), "a file that stands twice would count twice"
    for key in keys:
        assert key.startswith(folders)
        assert key.lower().endswith(endings)
        assert not {"", ".", ".."} & set(key.split("/"))
        assert "\\" not in key
