"""Blob Storage through Azure's own client: listing, reading, resuming, and what a refusal tells."""

import gzip
import os
import time
from pathlib import Path

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError
from azurite import ACCOUNT, CANARY, Azurite, Container, connection_string
from faulty_proxy import Answer, FaultyProxy

from finops_pipeline.errors import DeliveryError
from finops_pipeline.extract.transport import azure_blob, downloads
from finops_pipeline.extract.transport.azure_blob import BlobObjects
from finops_pipeline.extract.transport.object_store import Bucket, ObjectStore


@pytest.fixture
def objects(container: Container) -> BlobObjects:
    return BlobObjects(ACCOUNT, container.name)


@pytest.fixture
def through_proxy(proxy: FaultyProxy, container: Container, monkeypatch: pytest.MonkeyPatch) -> BlobObjects:
    monkeypatch.setattr(azure_blob, "_PIECE", 64 * 1024)
    monkeypatch.setattr(downloads, "pause", lambda failures: None)
    return BlobObjects(ACCOUNT, container.name)


@pytest.fixture
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses of the client's retries, told instead of waited for."""
    pauses: list[float] = []
    monkeypatch.setattr("azure.core.pipeline.transport.HttpTransport.sleep", lambda _, pause: pauses.append(pause))
    monkeypatch.setattr("azure.storage.blob._download.time.sleep", lambda _: None)
    return pauses


def refused(error: pytest.ExceptionInfo[DeliveryError], *told: str) -> None:
    for text in told:
        assert text in str(error.value)
    assert "\n" not in str(error.value)
    assert CANARY not in str(error.value)


def test_all_pages_of_a_listing_are_read(container: Container, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(azure_blob, "_PAGE", 7)
    keys = [f"exports/run-{run}/part_{number}.csv" for run in range(3) for number in range(6)]
    for key in [*keys, "other/x.csv"]:
        container.put(key, key.encode())
    objects = BlobObjects(ACCOUNT, container.name)

    assert sorted(key for key, _ in objects.list_all("exports/")) == keys
    assert [objects.stat(key) for key, _ in objects.list_all("")] == [stat for _, stat in objects.list_all("")]
    found, folders = objects.list_folder("exports/")
    assert (found, folders) == ({}, ["exports/run-0/", "exports/run-1/", "exports/run-2/"])
    assert sorted(objects.list_folder("exports/run-1/")[0]) == keys[6:12]
    assert objects.list_folder("")[1] == ["exports/", "other/"]
    assert list(objects.list_all("nowhere/")) == []


def test_the_folders_that_accounts_with_hierarchical_namespace_list_are_no_files(container: Container, objects):
    container.client.upload_blob("exports", b"", metadata={"hdi_isfolder": "true"})
    container.put("exports/x.csv", b"1")

    assert [key for key, _ in objects.list_all("")] == ["exports/x.csv"]
    assert list(objects.list_folder("")[0]) == []


def test_a_blob_with_a_content_encoding_is_read_as_it_is_stored(container: Container, objects: BlobObjects):
    content = gzip.compress(b"a,b\n1,2\n" * 1000)
    container.put("x.csv.gz", content, encoding="gzip")

    assert b"".join(objects.read("x.csv.gz", 0, None)) == content
    assert b"".join(objects.read("x.csv.gz", 11, None)) == content[11:]


def test_an_empty_blob_is_read(container: Container, objects: BlobObjects):
    container.put("empty", b"")

    assert b"".join(objects.read("empty", 0, None)) == b""


def test_what_is_not_there_has_no_size_and_is_told_when_read(objects: BlobObjects):
    assert objects.stat("nothing") is None
    with pytest.raises(DeliveryError) as error:
        list(objects.read("nothing", 0, None))
    refused(error, f"{objects.location}/nothing", "404 BlobNotFound", "it is missing")


def test_a_blob_that_was_replaced_is_not_read_on_under_the_old_etag(container: Container, objects: BlobObjects):
    container.put("x", b"first")
    stat = objects.stat("x")
    assert stat is not None
    container.put("x", b"other")

    with pytest.raises(DeliveryError) as error:
        list(objects.read("x", 2, stat.etag))
    refused(error, "412 ConditionNotMet", "it changed while it was read")


def test_a_download_that_breaks_off_again_and_again_goes_on_where_it_stopped(
    through_proxy: BlobObjects, container: Container, proxy: FaultyProxy, quick_retries: list[float], tmp_path: Path
):
    content = os.urandom(400_000)
    container.put("exports/x.csv.gz", content)
    cuts = iter([30_000, 0, 65_000, 1, 20_000, 40_000] * 2)
    proxy.cut = lambda request: next(cuts, None)
    store = ObjectStore(through_proxy, Bucket("az", container.name, ("exports",)), tmp_path)

    with store.fetching(["x.csv.gz"]):
        assert store.open_data("x.csv.gz").read_bytes() == content

    assert list(cuts) == [], "every cut was made"
    assert proxy.body_bytes < 2 * len(content), "what had come was not fetched again"
    assert list(tmp_path.iterdir()) == []


def test_a_blob_that_never_comes_whole_is_given_up_with_its_name(
    through_proxy: BlobObjects, container: Container, proxy: FaultyProxy, quick_retries: list[float], tmp_path: Path
):
    container.put("exports/x.csv", b"x" * 1000)
    proxy.cut = lambda request: 10
    store = ObjectStore(through_proxy, Bucket("az", container.name, ("exports",)), tmp_path)

    with pytest.raises(DeliveryError) as error, store.fetching(["x.csv"]):
        store.open_data("x.csv")

    refused(error, f"{store.location}/x.csv broke off 5 times at byte 0", "Run again")
    assert len(proxy.asked("GET")) == 15, "the client tries each piece three times"


@pytest.mark.parametrize(
    ("status", "code", "told"),
    [
        (403, "AuthorizationPermissionMismatch", "Give it the role Storage Blob Data Reader on the container {name}"),
        (403, "AuthorizationFailure", "Under Networking of acmebilling allow its address"),
        (403, "AuthenticationFailed", "Sign in again or renew AZURE_STORAGE_CONNECTION_STRING"),
        (403, "KeyBasedAuthenticationNotPermitted", "acmebilling allows no account keys"),
        (403, "AuthorizationResourceTypeMismatch", "the shared access signature does not allow this"),
        (401, "InvalidAuthenticationInfo", "has expired, was rotated or belongs to another tenant"),
        (401, "NoAuthenticationInformation", "asked for without a credential"),
        (403, "AccountIsDisabled", "the storage account acmebilling is disabled"),
        (404, "ContainerNotFound", "there is no container {name} in the storage account acmebilling"),
        (409, "BlobArchived", "Rehydrate it"),
        (400, "InvalidSomething", "request id 1234-5678"),
    ],
)
def test_a_refusal_says_what_to_mend_and_is_not_tried_again(
    through_proxy: BlobObjects,
    container: Container,
    proxy: FaultyProxy,
    quick_retries: list[float],
    status: int,
    code: str,
    told: str,
):
    headers = {"x-ms-error-code": code, "x-ms-request-id": "1234-5678"}
    proxy.answer = lambda request: Answer(status, code, headers=headers)
    ways = {
        "exports/": [
            lambda: through_proxy.require_reachable("exports/"),
            lambda: list(through_proxy.list_all("exports/")),
            lambda: through_proxy.list_folder("exports/"),
        ],
        "exports/x.csv": [
            lambda: through_proxy.stat("exports/x.csv"),
            lambda: list(through_proxy.read("exports/x.csv", 0, None)),
        ],
    }
    for key, calls in ways.items():
        for call in calls:
            asked = len(proxy.requests)
            with pytest.raises(DeliveryError) as error:
                call()
            refused(error, f"{through_proxy.location}/{key} ", f"({status} {code})", told.format(name=container.name))
            assert len(proxy.requests) == asked + 1
    assert quick_retries == []


@pytest.mark.parametrize(("status", "code"), [(429, "TooManyRequests"), (503, "ServerBusy"), (500, "InternalError")])
def test_throttling_is_tried_again_with_growing_pauses_and_an_end(
    through_proxy: BlobObjects,
    container: Container,
    proxy: FaultyProxy,
    quick_retries: list[float],
    status: int,
    code: str,
):
    container.put("x", b"content")
    busy = Answer(status, code, headers={"x-ms-error-code": code})
    answers = iter([busy, busy])
    proxy.answer = lambda request: next(answers, None)

    assert b"".join(through_proxy.read("x", 0, None)) == b"content"
    assert len(quick_retries) == 2

    proxy.answer = lambda request: busy
    for call in (
        lambda: through_proxy.stat("x"),
        lambda: list(through_proxy.list_all("")),
        lambda: list(through_proxy.read("x", 0, None)),
    ):
        proxy.requests.clear()
        quick_retries.clear()
        with pytest.raises(DeliveryError) as error:
            call()
        refused(error, f"({status} {code})", "the store was too busy for it, 6 times. Run again later")
        assert len(proxy.requests) == 6
        assert len(quick_retries) == 5
        assert all(2**count - 1 <= pause <= 2**count + 1 for count, pause in enumerate(quick_retries, start=1))


def test_the_pauses_of_throttling_differ_from_try_to_try():
    retries = azure_blob._retries()

    assert len({retries.get_backoff_time({"count": 3}) for _ in range(20)}) == 20


def test_a_container_that_does_not_exist_is_told(server: Azurite, container: Container):
    with pytest.raises(DeliveryError) as error:
        BlobObjects(ACCOUNT, "no-such-container").require_reachable("exports/")
    refused(error, "az://acmebilling/no-such-container/exports/", "404 ContainerNotFound", "Check the uri")
    with pytest.raises(DeliveryError) as error:
        BlobObjects(ACCOUNT, "no-such-container").stat("exports/x")
    refused(error, "there is no container no-such-container")


def test_a_wrong_key_is_told_without_it(
    server: Azurite, container: Container, quick_retries: list[float], monkeypatch: pytest.MonkeyPatch
):
    wrong = CANARY[::-1].replace("=", "A") + "=="
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", connection_string(server.endpoint, key=wrong))
    with pytest.raises(DeliveryError) as error:
        BlobObjects(ACCOUNT, container.name).require_reachable("")
    refused(error, f"az://acmebilling/{container.name}/ cannot be read (403 Auth")
    assert wrong not in str(error.value)


@pytest.mark.parametrize(
    ("variable", "told"),
    [
        (connection_string("http://127.0.0.1:1", account="another"), "is of the storage account another"),
        ("BlobEndpoint=https://acmebilling.example.com;SharedAccessSignature=sv=1&sig=canary", "names no AccountName"),
        ("UseDevelopmentStorage=true", "is of the storage account devstoreaccount1"),
        ("canary", "is malformed; expected Name=value pairs"),
        ("AccountName=acmebilling;AccountKey=canary", "an account key is base64"),
        ("AccountName=acmebilling;BlobEndpoint=http://127.0.0.1:1/acmebilling", "an identity needs an https endpoint"),
    ],
)
def test_a_connection_string_that_does_not_fit_is_told_and_not_shown(
    environment: None, variable: str, told: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", variable)
    with pytest.raises(DeliveryError) as error:
        BlobObjects(ACCOUNT, "billing").require_reachable("")
    refused(error, "AZURE_STORAGE_CONNECTION_STRING", told)
    assert "canary" not in str(error.value)


def test_an_account_whose_host_does_not_exist_is_told(
    environment: None, quick_retries: list[float], monkeypatch: pytest.MonkeyPatch
):
    endpoint = "https://acmebilling.blob.invalid"
    monkeypatch.setenv(
        "AZURE_STORAGE_CONNECTION_STRING", f"AccountName={ACCOUNT};AccountKey={CANARY};BlobEndpoint={endpoint}"
    )
    objects = BlobObjects(ACCOUNT, "billing")
    for call in (lambda: objects.require_reachable(""), lambda: list(objects.read("x", 0, None))):
        with pytest.raises(DeliveryError) as error:
            call()
        refused(error, "the host of the storage account acmebilling cannot be resolved", "private DNS zone")
    assert len(quick_retries) <= 6


def test_a_server_that_does_not_answer_is_told_by_its_account(
    environment: None, quick_retries: list[float], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", connection_string("http://127.0.0.1:1"))
    with pytest.raises(DeliveryError) as error:
        BlobObjects(ACCOUNT, "billing").require_reachable("")
    refused(error, "the storage account acmebilling does not answer", "network and proxy")


class Identity:
    """Azure's identity chain as it behaves with nothing to sign in with, or with an expired secret."""

    def __init__(self, why: str):
        self.why, self.asked = why, 0

    def get_token(self, *scopes: str, **more: object) -> AccessToken:
        self.asked += 1
        assert scopes == ("https://storage.azure.com/.default",)
        raise ClientAuthenticationError(self.why)


@pytest.mark.parametrize(
    ("why", "told"),
    [
        ("DefaultAzureCredential failed to retrieve a token\nEnvironmentCredential: …", "no credential for Azure was"),
        ("AADSTS7000222: The provided client secret keys are expired.", "(AADSTS7000222: the client secret has expi"),
    ],
)
def test_without_a_connection_string_the_identity_is_asked_and_its_refusal_told(
    environment: None, quick_retries: list[float], monkeypatch: pytest.MonkeyPatch, why: str, told: str
):
    identity = Identity(why)
    monkeypatch.setattr(azure_blob, "_identity", lambda: identity)
    objects = BlobObjects(ACCOUNT, "billing")

    with pytest.raises(DeliveryError) as error:
        objects.require_reachable("exports/")

    refused(error, "az://acmebilling/billing/exports/", told, "run `az login`")
    assert identity.asked >= 1
    assert str(objects._client.url) == "https://acmebilling.blob.core.windows.net/billing"


def test_a_connection_string_with_an_endpoint_alone_goes_with_the_identity(
    environment: None, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(azure_blob, "_identity", lambda: Identity("never asked"))
    for variable, url in {
        f"AccountName={ACCOUNT};BlobEndpoint=https://10.1.2.3/": "https://10.1.2.3/billing",
        f"AccountName={ACCOUNT};EndpointSuffix=core.usgovcloudapi.net": (
            "https://acmebilling.blob.core.usgovcloudapi.net/billing"
        ),
    }.items():
        monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", variable)
        assert str(BlobObjects(ACCOUNT, "billing")._client.url) == url


def test_a_download_is_bounded_in_time(proxy: FaultyProxy, container: Container):
    """The real pauses, once: two refusals cost the pauses of two tries and no more."""
    container.put("x", b"content")
    answers = iter([Answer(503, "ServerBusy")])
    proxy.answer = lambda request: next(answers, None)
    began = time.monotonic()

    assert b"".join(BlobObjects(ACCOUNT, container.name).read("x", 0, None)) == b"content"
    assert 0.9 < time.monotonic() - began < 10
