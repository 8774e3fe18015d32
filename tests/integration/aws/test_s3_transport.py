"""S3 through the real client: listing, reading, resuming, and what each refusal tells the person on call."""

import gzip
import hashlib
from pathlib import Path

import pytest
from faulty_proxy import Answer, FaultyProxy
from s3_server import CANARY, PAGE, Bucket

from finops_pipeline.errors import DeliveryError
from finops_pipeline.extract.transport.object_store import ObjectStore
from finops_pipeline.extract.transport.opening import open_transport
from finops_pipeline.extract.transport.s3 import S3Objects

URI = "s3://acme-billing/cur2/finops-cur2"


def opened(folder: Path, uri: str = URI) -> ObjectStore:
    store = open_transport(uri, folder)
    assert isinstance(store, ObjectStore)
    return store


@pytest.fixture
def store(s3: str, tmp_path: Path) -> ObjectStore:
    return opened(tmp_path)


def test_a_folder_of_more_than_a_page_is_listed_whole_and_sorted(bucket: Bucket, proxy: FaultyProxy, tmp_path: Path):
    for number in range(2 * PAGE + 1):
        bucket.put(f"cur2/finops-cur2/metadata/{number:04}.json", b"")
    bucket.put("cur2/finops-cur2-other/metadata/x.json", b"")

    assert list(opened(tmp_path).list("metadata")) == [f"metadata/{number:04}.json" for number in range(2 * PAGE + 1)]
    assert len(proxy.asked("GET")) == 3


def test_files_and_folders_of_one_level_are_listed_without_what_lies_below(bucket: Bucket, store: ObjectStore):
    for key in (
        "20261001-20261101/cur-Manifest.json",
        "20261001-20261101/a b+c:d/x",
        "20260901-20261001/y",
        "top",
        "z/",
    ):
        bucket.put(f"cur2/finops-cur2/{key}", b"")

    assert list(store.folders()) == ["20260901-20261001", "20261001-20261101", "z"]
    assert list(store.list(recursive=False)) == ["top"]
    assert list(store.list("20261001-20261101", recursive=False)) == ["20261001-20261101/cur-Manifest.json"]
    assert list(store.list("20261001-20261101")) == [
        "20261001-20261101/a b+c:d/x",
        "20261001-20261101/cur-Manifest.json",
    ]
    assert list(store.list("nowhere")) == []


def test_a_listing_and_a_question_for_one_file_give_the_same_size_and_etag(bucket: Bucket, store: ObjectStore):
    bucket.put("cur2/finops-cur2/data/x", b"12345")

    stat = store.stat("data/x")

    assert stat is not None
    assert (stat.size, stat.etag) == (5, hashlib.md5(b"12345").hexdigest())
    assert dict(store.objects.list_all("cur2/")) == {"cur2/finops-cur2/data/x": stat}
    assert store.stat("data/y") is None
    assert store.revisit("data/x", 5, stat.etag) == stat.etag
    assert store.revisit("data/x", 5, "another") is None


def test_a_file_that_is_stored_with_a_content_encoding_comes_as_it_is_stored(bucket: Bucket, store: ObjectStore):
    stored = gzip.compress(b"a,b\n1,2\n", mtime=0)
    bucket.put("cur2/finops-cur2/data/x.csv.gz", stored, ContentEncoding="gzip", ContentType="text/csv")

    assert store.open_data("data/x.csv.gz").read_bytes() == stored


@pytest.mark.parametrize("size", [0, 1, 3 * 1024 * 1024 + 1])
def test_a_file_of_any_size_is_read_whole(bucket: Bucket, store: ObjectStore, size: int):
    content = bytes(range(256)) * (size // 256 + 1)
    bucket.put("cur2/finops-cur2/data/x", content[:size])

    assert store.open_data("data/x").read_bytes() == content[:size]
    assert store.read_bytes("data/x") == content[:size]


def test_a_download_that_breaks_off_asks_again_for_the_rest_only(bucket: Bucket, proxy: FaultyProxy, tmp_path: Path):
    content = bytes(range(256)) * 4096
    bucket.put("cur2/finops-cur2/data/x", content)
    breaks = iter([300_000, 200_000, None])
    proxy.cut = lambda request: next(breaks)

    path = opened(tmp_path).open_data("data/x")

    assert path.read_bytes() == content
    assert [request.range for request in proxy.asked("GET")] == [None, "bytes=300000-", "bytes=500000-"]
    assert proxy.body_bytes == len(content)


def test_a_run_that_was_killed_is_taken_up_by_the_next_one(bucket: Bucket, proxy: FaultyProxy, tmp_path: Path):
    content = bytes(range(256)) * 4096
    bucket.put("cur2/finops-cur2/data/x", content)
    proxy.cut = lambda request: 100_000
    reading = opened(tmp_path).objects.read("cur2/finops-cur2/data/x", 0, None)
    with pytest.raises(ConnectionError):
        list(reading)
    store = opened(tmp_path)
    stat = store.stat("data/x")
    assert stat is not None
    name = hashlib.sha256(f"{URI.rsplit('/', 2)[0]}/cur2/finops-cur2/data/x {stat.etag}".encode()).hexdigest()[:24]
    (tmp_path / ".downloads").mkdir()
    (tmp_path / ".downloads" / f"{name}-x.part").write_bytes(content[:600_000])
    proxy.cut = lambda request: None

    assert store.open_data("data/x").read_bytes() == content
    assert proxy.asked("GET")[-1].range == "bytes=600000-"


def test_a_file_that_is_replaced_while_it_is_read_is_refused_and_never_mixed(
    bucket: Bucket, proxy: FaultyProxy, tmp_path: Path
):
    bucket.put("cur2/finops-cur2/data/x", b"a" * 500_000)
    proxy.cut = lambda request: 100_000
    proxy.after = lambda request: request.method == "GET" and bucket.put("cur2/finops-cur2/data/x", b"b" * 500_000)

    with pytest.raises(DeliveryError, match=r"data/x changed while it was read\. Run again"):
        opened(tmp_path).open_data("data/x")


def test_a_manifest_that_is_replaced_between_two_tries_is_never_mixed(
    bucket: Bucket, proxy: FaultyProxy, tmp_path: Path
):
    bucket.put("cur2/finops-cur2/m.json", b"a" * 50_000)
    breaks = iter([10_000, None])
    proxy.cut = lambda request: next(breaks)
    proxy.after = lambda request: bucket.put("cur2/finops-cur2/m.json", b"b" * 50_000)

    assert set(opened(tmp_path).read_bytes("m.json")) == set(b"b")


def test_throttling_is_waited_out(bucket: Bucket, proxy: FaultyProxy, tmp_path: Path):
    bucket.put("cur2/finops-cur2/data/x", b"12345")
    answers = iter([Answer(503, "SlowDown"), Answer(503, "SlowDown")])
    proxy.answer = lambda request: next(answers, None) if request.method == "GET" else None

    assert opened(tmp_path).open_data("data/x").read_bytes() == b"12345"
    assert len(proxy.asked("GET")) == 3


def test_throttling_without_end_is_given_up_after_a_bounded_number_of_tries(
    bucket: Bucket, proxy: FaultyProxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "3")
    bucket.put("cur2/finops-cur2/data/x", b"12345")
    proxy.answer = lambda request: Answer(503, "SlowDown") if request.method == "GET" else None

    with pytest.raises(DeliveryError, match=r"data/x was refused 3 times: S3 throttles or fails \(SlowDown\)"):
        opened(tmp_path).open_data("data/x")
    assert len(proxy.asked("GET")) == 3


def test_by_default_a_request_is_tried_six_times(s3: str):
    assert S3Objects("acme-billing")._client.meta.config.retries == {"mode": "standard", "total_max_attempts": 6}


REGION = {"x-amz-bucket-region": "eu-central-1"}
KMS = (
    "User: arn:aws:sts::012345678901:assumed-role/finops/x is not authorized to perform: kms:Decrypt on resource:"
    " arn:aws:kms:eu-central-1:012345678901:key/11111111-2222-3333-4444-555555555555 because no policy allows it"
)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Answer(403, "AccessDenied"), ["data/x is denied", "lack s3:GetObject", "s3:ListBucket on the bucket"]),
        (Answer(403, "AccessDenied", KMS), ["kms:Decrypt", "arn:aws:kms:eu-central-1:012345678901:key/11111111"]),
        (Answer(400, "KMS.DisabledException", "The key is disabled"), ["kms:Decrypt", "check that the key is enabled"]),
        (
            Answer(403, "InvalidObjectState", more="<StorageClass>GLACIER</StorageClass>"),
            ["archived in GLACIER", "Restore"],
        ),
        (Answer(400, "ExpiredToken"), ["session has expired", "aws sso login"]),
        (Answer(403, "InvalidAccessKeyId"), ["credentials are not valid", "AWS_PROFILE"]),
        (Answer(403, "SignatureDoesNotMatch"), ["credentials are not valid"]),
        (Answer(403, "RequestTimeTooSkewed"), ["clock is wrong"]),
        (Answer(301, "PermanentRedirect", headers=REGION), ["is in eu-central-1", "AWS_DEFAULT_REGION=eu-central-1"]),
        (
            Answer(400, "AuthorizationHeaderMalformed", more="<Region>eu-west-1</Region>"),
            ["is in eu-west-1", "AWS_DEFAULT_REGION=eu-west-1"],
        ),
        (Answer(400, "SomethingNew", "in plain words"), ["SomethingNew", "in plain words", "needs s3:GetObject"]),
    ],
    ids=lambda value: value.code if isinstance(value, Answer) else None,
)
def test_every_refusal_names_the_file_and_the_next_step_and_is_not_tried_again(
    bucket: Bucket, proxy: FaultyProxy, tmp_path: Path, answer: Answer, told: list[str]
):
    bucket.put("cur2/finops-cur2/data/x", b"12345")
    proxy.answer = lambda request: answer

    with pytest.raises(DeliveryError) as raised:
        opened(tmp_path).open_data("data/x")

    message = str(raised.value)
    assert "s3://acme-billing/cur2/finops-cur2/data/x" in message
    assert [part for part in told if part not in message] == []
    assert CANARY not in message
    assert "AKIDEXAMPLE" not in message
    if answer.status == 403:
        assert [request.method for request in proxy.requests] == ["HEAD", "GET"], "one question, and one for the reason"


@pytest.mark.parametrize("ask", ["list", "folders", "require_reachable"])
def test_a_listing_that_is_denied_names_permission_and_prefix(
    bucket: Bucket, proxy: FaultyProxy, tmp_path: Path, ask: str
):
    proxy.answer = lambda request: Answer(403, "AccessDenied")
    store = opened(tmp_path)

    with pytest.raises(DeliveryError, match=r"cur2/finops-cur2/ is denied: these credentials lack s3:ListBucket"):
        list(getattr(store, ask)() or ())
    assert len(proxy.requests) == 1


def test_a_bucket_that_does_not_exist_is_told(s3: str, tmp_path: Path):
    with pytest.raises(DeliveryError, match="the bucket no-such does not exist"):
        opened(tmp_path, "s3://no-such/cur2/finops-cur2").require_reachable()


def test_an_empty_prefix_is_told_apart_from_a_missing_bucket(bucket: Bucket, store: ObjectStore):
    with pytest.raises(DeliveryError, match=r"finops-cur2/ is reachable, but nothing is there"):
        store.require_reachable()
    bucket.put("cur2/finops-cur2/metadata/x", b"")
    store.require_reachable()


def test_a_bucket_in_another_region_is_found_by_following_it_once(bucket: Bucket, proxy: FaultyProxy, tmp_path: Path):
    bucket.put("cur2/finops-cur2/data/x", b"12345")
    redirects = iter([Answer(301, "PermanentRedirect", headers=REGION)])
    proxy.answer = lambda request: next(redirects, None)

    opened(tmp_path).require_reachable()

    assert [request.method for request in proxy.requests].count("GET") == 2


def test_credentials_that_are_missing_are_told(s3: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")

    with pytest.raises(DeliveryError, match=r"AWS credentials are not found\. Set AWS_PROFILE"):
        opened(tmp_path).require_reachable()


def test_credentials_without_their_secret_are_told(s3: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")

    with pytest.raises(DeliveryError, match="AWS credentials are incomplete"):
        opened(tmp_path).require_reachable()


def test_a_profile_that_does_not_exist_is_told(s3: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AWS_PROFILE", "finance")

    with pytest.raises(DeliveryError, match=r"AWS settings are not usable \(ProfileNotFound\)"):
        opened(tmp_path)


def test_what_a_credential_process_prints_is_not_repeated(s3: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    config = tmp_path / "config"
    config.write_text(f"[default]\ncredential_process = sh -c 'echo {CANARY} >&2; exit 1'\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))

    with pytest.raises(DeliveryError, match="credentials could not be had") as raised:
        opened(tmp_path).require_reachable()
    assert CANARY not in str(raised.value)


def test_a_server_that_is_not_there_is_told(s3: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")

    with pytest.raises(DeliveryError, match=r"cannot be reached \(EndpointConnectionError\)"):
        opened(tmp_path).require_reachable()


def test_a_report_without_prefix_stands_below_an_empty_folder(bucket: Bucket, tmp_path: Path):
    bucket.put("/finops-cur/20261001-20261101/finops-cur-Manifest.json", b"{}")
    store = opened(tmp_path, "s3://acme-billing//finops-cur")

    store.require_reachable()

    assert list(store.folders()) == ["20261001-20261101"]
    assert store.location == "s3://acme-billing//finops-cur"
    assert store.resolve("/finops-cur/20261001-20261101/x.csv.gz") == "20261001-20261101/x.csv.gz"
    with pytest.raises(DeliveryError, match="not a plain key"):
        store.resolve("/finops-cur/../x.csv.gz")
    with pytest.raises(DeliveryError, match="not a plain key"):
        store.resolve("/etc/passwd")
    with pytest.raises(DeliveryError, match="not in the export's folder"):
        store.resolve("finops-cur/20261001-20261101/x.csv.gz")


def test_a_server_of_ones_own_is_asked_by_path_whatever_its_host_is_called(
    bucket: Bucket, store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    bucket.put("cur2/finops-cur2/data/x", b"12345")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", bucket.endpoint.replace("127.0.0.1", "localhost"))

    assert opened(tmp_path).open_data("data/x").read_bytes() == b"12345"
    assert S3Objects("acme-billing")._client.meta.config.s3 == {"addressing_style": "path"}


def test_amazons_own_servers_are_asked_as_the_sdk_does(s3: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("AWS_ENDPOINT_URL_S3")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")

    client = S3Objects("acme-billing")._client

    assert client.meta.endpoint_url == "https://s3.eu-central-1.amazonaws.com"
    assert client.meta.config.s3 is None
