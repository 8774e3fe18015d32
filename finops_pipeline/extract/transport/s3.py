"""The objects of an S3 bucket, through boto3 with its standard credential chain and `AWS_ENDPOINT_URL_S3`.

What a failing request means to a person is `s3_errors.py`. The SDK itself tries throttling and broken connections
again (standard mode: exponential, with jitter, bounded) and follows a bucket to its region once.
"""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import boto3
import botocore.session
import urllib3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    IncompleteReadError,
    ReadTimeoutError,
    ResponseStreamingError,
)

from finops_pipeline.errors import DeliveryError, NothingThereError
from finops_pipeline.extract.transport.protocol import Stat
from finops_pipeline.extract.transport.s3_errors import code_of, explain_answer, explain_no_answer

ATTEMPTS = 6
"""Of one request: half a minute of throttling is waited out. `AWS_MAX_ATTEMPTS` and the profile win."""

_AMAZON = re.compile(r"(^|\.)(amazonaws\.com(\.cn)?|api\.aws)$")
_PIECE = 1024 * 1024
_BROKEN = (ResponseStreamingError, IncompleteReadError, ReadTimeoutError, urllib3.exceptions.HTTPError)
_CONNECTIONS = 16
"""Downloads and manifests that are read side by side, with room for the questions between them."""


class S3Objects:
    """The objects of one bucket, by their full keys."""

    def __init__(self, bucket: str):
        self.bucket = bucket
        try:
            self._client: Any = _client()
        except BotoCoreError as error:
            raise explain_no_answer(error, self.location) from error

    @property
    def location(self) -> str:
        """The bucket as a person finds it."""
        return f"s3://{self.bucket}"

    def require_reachable(self, prefix: str) -> None:
        """Raise DeliveryError when there is no such bucket, its keys may not be listed, or none has this prefix."""
        if not self._ask("list_objects_v2", "s3:ListBucket", prefix, Prefix=prefix, MaxKeys=1).get("Contents"):
            raise NothingThereError(
                f"{self.location}/{prefix} is reachable, but nothing is there. A new export delivers within a day;"
                " otherwise check bucket, prefix and export name in the uri, upper and lower case too."
            )

    def list_all(self, prefix: str) -> Iterator[tuple[str, Stat]]:
        """Every object whose key begins with the prefix."""
        for page in self._pages(prefix):
            yield from _objects(page)

    def list_folder(self, prefix: str) -> tuple[dict[str, Stat], list[str]]:
        """Objects directly below a prefix, and the folders there."""
        objects: dict[str, Stat] = {}
        folders: list[str] = []
        for page in self._pages(prefix, Delimiter="/"):
            objects.update(_objects(page))
            folders += [folder["Prefix"] for folder in page.get("CommonPrefixes", ())]
        return objects, folders

    def stat(self, key: str) -> Stat | None:
        """Size and etag now; None when there is no such object."""
        try:
            head = self._client.head_object(Bucket=self.bucket, Key=key)
        except ClientError as error:
            if code_of(error) in ("404", "NoSuchKey"):
                return None
            raise self._told_in_full(error, key) from error
        except BotoCoreError as error:
            raise explain_no_answer(error, f"{self.location}/{key}") from error
        return Stat(head["ContentLength"], head["ETag"].strip('"'), head["LastModified"])

    def read(self, key: str, start: int, etag: str | None) -> Iterator[bytes]:
        """The object's bytes as stored from `start`, even where its metadata says that they are compressed."""
        more: dict[str, Any] = {}
        if start:
            more["Range"] = f"bytes={start}-"
        if etag is not None:
            more["IfMatch"] = f'"{etag}"'
        body = self._ask("get_object", "s3:GetObject", key, Key=key, **more)["Body"]
        try:
            yield from body.iter_chunks(_PIECE)
        except (*_BROKEN, OSError) as error:
            raise ConnectionError(str(error) or type(error).__name__) from error
        finally:
            body.close()

    def _pages(self, prefix: str, **more: Any) -> Iterator[dict[str, Any]]:
        token: dict[str, str] = {}
        while True:
            page = self._ask("list_objects_v2", "s3:ListBucket", prefix, Prefix=prefix, **more, **token)
            yield page
            if not page.get("IsTruncated"):
                return
            token = {"ContinuationToken": page["NextContinuationToken"]}

    def _ask(self, operation: str, action: str, key: str, **parameters: Any) -> dict[str, Any]:
        try:
            return getattr(self._client, operation)(Bucket=self.bucket, **parameters)
        except ClientError as error:
            raise explain_answer(error, self.bucket, key, action) from error
        except BotoCoreError as error:
            raise explain_no_answer(error, f"{self.location}/{key}") from error

    def _told_in_full(self, error: ClientError, key: str) -> DeliveryError:
        """The answer to HEAD has no body: a GET of the same object is refused with the reason."""
        try:
            self._client.get_object(Bucket=self.bucket, Key=key, Range="bytes=0-0")["Body"].close()
        except ClientError as told:
            error = told
        except BotoCoreError as told:
            return explain_no_answer(told, f"{self.location}/{key}")
        return explain_answer(error, self.bucket, key, "s3:GetObject")


def _objects(page: dict[str, Any]) -> Iterator[tuple[str, Stat]]:
    for found in page.get("Contents", ()):
        yield found["Key"], Stat(found["Size"], found["ETag"].strip('"'), found["LastModified"])


def _client() -> Any:
    """A client with the settings of the environment and the profile; nothing is asked of S3 yet."""
    core = botocore.session.get_session()
    retries: dict[str, Any] = {"mode": "standard"}
    if core.get_config_variable("max_attempts") is None:
        retries["total_max_attempts"] = ATTEMPTS
    config = Config(
        retries=retries,
        connect_timeout=10,
        read_timeout=60,
        max_pool_connections=_CONNECTIONS,
        # A download that is taken up in its middle cannot be held against a checksum of the whole; sizes, etags and
        # the files' own checksums are.
        response_checksum_validation="when_required",
        user_agent_extra="finops-pipeline",
    )
    session = boto3.Session(botocore_session=core)
    client = session.client("s3", config=config)
    host = urlsplit(client.meta.endpoint_url).hostname or ""
    if _AMAZON.search(host) or "addressing_style" in (core.get_config_variable("s3") or {}):
        return client
    # A server of one's own rarely has a host name for each bucket.
    return session.client("s3", config=config.merge(Config(s3={"addressing_style": "path"})))
