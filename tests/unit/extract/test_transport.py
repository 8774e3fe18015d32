"""Which files a manifest may name, and how the store tells a file that was touched from one that changed."""

import os
from pathlib import Path

import pytest

from finops_pipeline.errors import DeliveryError
from finops_pipeline.extract.transport.local_folder import LocalFolder
from finops_pipeline.extract.transport.named_keys import resolve_in_bucket, resolve_named_key

FOLDERS = ("exports", "acme-billing", "cur2", "finops-cur2")


@pytest.mark.parametrize(
    "name",
    [
        "s3://acme-billing/cur2/finops-cur2/data/x.parquet",
        "S3://acme-billing/cur2/finops-cur2/data/x.parquet",
        "acme-billing/cur2/finops-cur2/data/x.parquet",
        "cur2/finops-cur2/data/x.parquet",
        "finops-cur2/data/x.parquet",
    ],
)
def test_a_name_made_of_the_exports_own_folders_leads_to_the_file_below_them(name: str):
    assert resolve_named_key(name, FOLDERS) == "data/x.parquet"


def test_folders_with_the_same_name_one_in_another_are_matched_as_far_as_they_go():
    assert resolve_named_key("cur/cur/data/x", ("bucket", "cur", "cur")) == "data/x"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("s3://other-bucket/cur2/finops-cur2/data/x.parquet", "not in the export's folder"),
        ("s3://finops-cur2/data/x.parquet", "not in the export's folder"),
        ("cur2/another-export/data/x.parquet", "not in the export's folder"),
        ("data/x.parquet", "not in the export's folder"),
        ("finops-cur2", "not in the export's folder"),
        ("cur2/finops-cur2/../../secrets.txt", "not a plain key"),
        ("s3://acme-billing/cur2/finops-cur2/../other/x", "not a plain key"),
        ("cur2/finops-cur2/./x", "not a plain key"),
        ("cur2/finops-cur2//x", "not a plain key"),
        ("cur2\\finops-cur2\\x", "not a plain key"),
        ("/etc/passwd", "not a plain key"),
        ("", "not a plain key"),
        ("https://example.com/cur2/finops-cur2/data/x.parquet", "which no manifest may name"),
        ("file:///etc/passwd", "which no manifest may name"),
        ("gs://acme-billing/cur2/finops-cur2/data/x.parquet", "which no manifest may name"),
    ],
)
def test_every_other_name_is_refused(name: str, why: str):
    with pytest.raises(DeliveryError, match=why):
        resolve_named_key(name, FOLDERS)


BUCKET = ("acme-billing", "cur2", "finops-cur2")


@pytest.mark.parametrize(
    ("name", "folders"),
    [
        ("s3://acme-billing/cur2/finops-cur2/data/x.parquet", BUCKET),
        ("cur2/finops-cur2/data/x.parquet", BUCKET),
        ("/report/data/x.parquet", ("acme-billing", "", "report")),
        ("s3://acme-billing//report/data/x.parquet", ("acme-billing", "", "report")),
    ],
)
def test_a_name_in_a_bucket_begins_with_the_whole_prefix(name: str, folders: tuple[str, ...]):
    assert resolve_in_bucket(name, "s3", folders) == "data/x.parquet"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("s3://other-bucket/cur2/finops-cur2/data/x", "must begin with acme-billing/cur2/finops-cur2/"),
        ("acme-billing/cur2/finops-cur2/data/x", "must begin with cur2/finops-cur2/"),
        ("finops-cur2/data/x", "must begin with cur2/finops-cur2/"),
        ("cur2/finops-cur2-other/x", "must begin with cur2/finops-cur2/"),
        ("cur2/finops-cur2", "must begin with cur2/finops-cur2/"),
        ("cur2/finops-cur2/", "not a plain key"),
        ("cur2/finops-cur2/../../secrets", "not a plain key"),
        ("cur2/finops-cur2//x", "not a plain key"),
        ("s3://acme-billing/cur2/finops-cur2/../other/x", "not a plain key"),
        ("/etc/passwd", "not a plain key"),
        ("", "not a plain key"),
        ("https://acme-billing/cur2/finops-cur2/x", "may not name"),
        ("az://acme-billing/cur2/finops-cur2/x", "may not name"),
    ],
)
def test_every_other_name_in_a_bucket_is_refused(name: str, why: str):
    with pytest.raises(DeliveryError, match=why):
        resolve_in_bucket(name, "s3", BUCKET)


def test_a_link_that_leads_out_of_the_export_is_refused(tmp_path: Path):
    (tmp_path / "secret").write_text("x")
    root = tmp_path / "export"
    root.mkdir()
    (root / "link").symlink_to(tmp_path / "secret")

    with pytest.raises(DeliveryError, match="leads outside"):
        LocalFolder(root).open_data("link")


def test_a_touched_file_is_the_same_and_a_file_with_other_content_of_the_same_size_is_not(tmp_path: Path):
    path = tmp_path / "x.csv"
    path.write_text("abc")
    transport = LocalFolder(tmp_path)
    stat = transport.stat("x.csv")
    assert stat is not None
    landed = transport.landed_etag("x.csv", stat)

    assert transport.revisit("x.csv", 3, landed) == landed
    assert transport.opened == [], "an untouched file is not opened"

    os.utime(path, ns=(1, 1))
    touched = transport.revisit("x.csv", 3, landed)
    assert touched is not None
    assert touched != landed
    assert transport.revisit("x.csv", 3, touched) == touched

    path.write_text("xyz")
    assert transport.revisit("x.csv", 3, touched) is None
    path.write_text("abcd")
    assert transport.revisit("x.csv", 3, touched) is None
    path.unlink()
    assert transport.revisit("x.csv", 3, touched) is None


def test_a_folder_that_does_not_exist_is_told_with_what_to_check(tmp_path: Path):
    with pytest.raises(DeliveryError, match=r"does not exist. Check the uri in finops.yaml"):
        LocalFolder(tmp_path / "nowhere").require_reachable()
