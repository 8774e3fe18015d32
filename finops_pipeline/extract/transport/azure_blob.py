"""The objects of a container in Azure Blob Storage, through azure-storage-blob.

`AZURE_STORAGE_CONNECTION_STRING` says how to reach the account where it is set; else, and where it holds neither key
nor signature, the identity that azure-identity finds is used (workload identity, managed identity, service principal
in the environment, `az login`). What a failing request means to a person is `azure_errors.py`.
"""

import base64
from collections.abc import Iterator
from functools import cache
from typing import Any

from azure.core import MatchConditions
from azure.core.exceptions import AzureError, HttpResponseError, ResourceNotFoundError
from azure.storage.blob import BlobPrefix, BlobProperties, ContainerClient, ExponentialRetry

from finops_pipeline.errors import DeliveryError, NothingThereError
from finops_pipeline.extract.transport.azure_errors import RETRIES, broke_off, code_of, explain
from finops_pipeline.extract.transport.protocol import Stat
from finops_pipeline.settings import azure_connection_string

_PIECE = 4 * 1024 * 1024
"""A request for each: what breaks off in the middle of a large blob costs no more than this."""

_PAGE = 5000
_VARIABLE = "AZURE_STORAGE_CONNECTION_STRING"


class BlobObjects:
    """The objects of one container, by their full keys."""

    def __init__(self, account: str, container: str):
        self.account, self.container = account, container
        self._client = _client(account, container, azure_connection_string())

    @property
    def location(self) -> str:
        """The container as a person finds it."""
        return f"az://{self.account}/{self.container}"

    def require_reachable(self, prefix: str) -> None:
        """Raise DeliveryError when there is no such container, its keys may not be listed, or none has this prefix."""
        try:
            first = next(iter(self._client.list_blobs(name_starts_with=prefix, results_per_page=1)), None)
        except AzureError as error:
            raise self._explained(error, prefix) from error
        if first is None:
            raise NothingThereError(
                f"{self.location}/{prefix} is reachable, but nothing is there. A new export delivers within a day;"
                " otherwise check container, root folder and export name in the uri, upper and lower case too."
            )

    def list_all(self, prefix: str) -> Iterator[tuple[str, Stat]]:
        """Every object whose key begins with the prefix."""
        try:
            found = self._client.list_blobs(name_starts_with=prefix, include=["metadata"], results_per_page=_PAGE)
            yield from (_object(blob) for blob in found if not _is_folder(blob))
        except AzureError as error:
            raise self._explained(error, prefix) from error

    def list_folder(self, prefix: str) -> tuple[dict[str, Stat], list[str]]:
        """Objects directly below a prefix, and the folders there."""
        objects: dict[str, Stat] = {}
        folders: list[str] = []
        try:
            for blob in self._client.walk_blobs(name_starts_with=prefix, include=["metadata"], results_per_page=_PAGE):
                if isinstance(blob, BlobPrefix):
                    folders.append(str(blob.name))
                elif not _is_folder(blob):
                    objects.update([_object(blob)])
        except AzureError as error:
            raise self._explained(error, prefix) from error
        return objects, folders

    def stat(self, key: str) -> Stat | None:
        """Size and etag now; None when there is no such object."""
        try:
            return _object(self._client.get_blob_client(key).get_blob_properties())[1]
        except ResourceNotFoundError as error:
            if code_of(error) == "ContainerNotFound":
                raise self._explained(error, key) from error
            return None
        except AzureError as error:
            raise self._explained(error, key) from error

    def read(self, key: str, start: int, etag: str | None) -> Iterator[bytes]:
        """The object's bytes as stored from `start`, even where its properties say that they are compressed."""
        more: dict[str, Any] = {}
        if start:
            more["offset"] = start
        if etag is not None:
            more |= {"etag": f'"{etag}"', "match_condition": MatchConditions.IfNotModified}
        try:
            yield from self._client.download_blob(key, decompress=False, **more).chunks()
        except AzureError as error:
            if broke_off(error):
                raise ConnectionError(str(error).partition("\n")[0] or type(error).__name__) from error
            raise self._explained(error, key) from error

    def _explained(self, error: AzureError, key: str) -> DeliveryError:
        return explain(error, self.account, self.container, key)


def _client(account: str, container: str, connection_string: str | None) -> ContainerClient:
    """The container's client; nothing is asked of the store yet.

    Raises:
        DeliveryError: the connection string is malformed or of another account. It is never shown.
    """
    options: dict[str, Any] = {
        "retry_policy": _retries(),
        "raw_response_hook": _try_again_when_throttled,
        "max_single_get_size": _PIECE,
        "max_chunk_get_size": _PIECE,
        "connection_timeout": 10,
        "read_timeout": 60,
        "user_agent": "finops-pipeline",
    }
    said = _parts(connection_string) if connection_string else {}
    is_emulator = said.get("usedevelopmentstorage", "").lower() == "true"
    named = "devstoreaccount1" if is_emulator else said.get("accountname")
    if said and named != account:
        told = f"is of the storage account {named}" if named else "names no AccountName"
        raise DeliveryError(
            f"{_VARIABLE} {told}, and the uri in finops.yaml is of {account}. Set it to the connection string of"
            f" {account}, or unset it to use an identity with the role Storage Blob Data Reader."
        )
    try:
        base64.b64decode(said.get("accountkey", ""), validate=True)
        if connection_string and (is_emulator or "accountkey" in said or "sharedaccesssignature" in said):
            return ContainerClient.from_connection_string(connection_string, container, **options)
        suffix = said.get("endpointsuffix", "core.windows.net")
        endpoint = said.get("blobendpoint") or f"https://{account}.blob.{suffix}"
        return ContainerClient(endpoint, container, credential=_identity(), **options)
    except ValueError as error:
        raise DeliveryError(
            f"az://{account}/{container} cannot be reached with these settings: {type(error).__name__} of Azure's"
            f" client. Check {_VARIABLE}: an account key is base64, and an identity needs an https endpoint."
        ) from error


def _parts(connection_string: str) -> dict[str, str]:
    parts = [part.partition("=") for part in connection_string.split(";") if part.strip()]
    if not all(name.strip() and value for name, _, value in parts):
        raise DeliveryError(
            f"{_VARIABLE} is malformed; expected Name=value pairs with ';' between them, as the portal shows them"
            " under the account's access keys."
        )
    return {name.strip().lower(): value.strip() for name, _, value in parts}


@cache
def _identity() -> Any:
    """One for the process: its tokens are kept and serve every container."""
    from azure.identity import DefaultAzureCredential

    return DefaultAzureCredential()


def _retries() -> ExponentialRetry:
    """The SDK's own: pauses of about 2, 4, 8, 16 and 32 seconds, each a second more or less."""
    return ExponentialRetry(
        initial_backoff=0,
        increment_base=2,
        random_jitter_range=1,
        retry_total=RETRIES,
        retry_status=RETRIES,
        retry_connect=2,
        retry_read=RETRIES,
    )


def _try_again_when_throttled(response: Any) -> None:
    """The SDK's retries know 503 and not 429; an error raised here, below them, is tried again all the same."""
    if response.http_response.status_code == 429:
        raise HttpResponseError(response=response.http_response)


def _is_folder(blob: BlobProperties) -> bool:
    """Accounts with hierarchical namespace list each folder as an empty blob."""
    return (blob.metadata or {}).get("hdi_isfolder", "").lower() == "true"


def _object(blob: BlobProperties) -> tuple[str, Stat]:
    # The etag stands in quotes in a blob's own answer, and without them in a listing.
    return str(blob.name), Stat(int(blob.size), str(blob.etag).strip('"'), blob.last_modified)
