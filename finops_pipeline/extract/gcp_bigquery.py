"""A billing export's table in BigQuery, reached with Google's own clients: asked by query, read as Arrow streams.

What partitions and months mean is in `gcp_partitions`; here a table is columns, a location and rows behind a filter.
Rows come through the Storage Read API, or where that is not permitted as the pages of a query: the same rows.
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import cached_property
from typing import Any

import google.auth
import grpc
import pyarrow as pa
from google.api_core import exceptions as api
from google.api_core.retry import Retry, if_exception_type
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
from google.cloud.bigquery.retry import DEFAULT_JOB_RETRY
from google.cloud.bigquery_storage_v1 import types
from google.cloud.bigquery_storage_v1.services.big_query_read import BigQueryReadClient
from google.cloud.bigquery_storage_v1.services.big_query_read.transports import BigQueryReadGrpcTransport

from finops_pipeline.errors import DeliveryError
from finops_pipeline.extract.gcp_errors import explained
from finops_pipeline.extract.transport.downloads import TRIES, pause

RETRY_SECONDS = 120.0
"""How long a throttled or failing request is tried again, with growing, jittered pauses. Denied access is not."""

_FIRST_PAUSE_SECONDS = 1.0
_ANSWER_SECONDS = 120.0
_QUERY_SECONDS = 1800.0
_STREAM_SECONDS = 6 * 3600.0
_SCOPES = ("https://www.googleapis.com/auth/bigquery",)
_TRANSIENT = (api.ServiceUnavailable, api.InternalServerError, api.DeadlineExceeded, api.TooManyRequests, api.Aborted)
_NOT_PERMITTED = (api.Forbidden, api.MethodNotImplemented)

_LEAST_BYTES_BILLED = 10 * 2**30
_UNKNOWN_ROWS = 2 * 10**9
_BYTES_PER_ROW = 64
"""A probe reads a month, an instant and the partition: 24 bytes a row. A query that wants more asks another table."""


class BillingTable:
    """One table. Every method raises DeliveryError for what a person must mend, naming table, role and next step."""

    def __init__(self, project: str, dataset: str, table: str):
        self.project, self.dataset, self.table = project, dataset, table
        self._lock = threading.Lock()
        self.is_storage_permitted = True
        """False once the Storage Read API was refused: from then on rows come as pages of queries."""

    @property
    def location(self) -> str:
        """The table as `finops.yaml` names it."""
        return f"bigquery://{self.project}/{self.dataset}/{self.table}"

    @property
    def name(self) -> str:
        """The table in a query."""
        return f"`{self.project}.{self.dataset}.{self.table}`"

    @property
    def job_project(self) -> str:
        """The project that runs the queries and pays for them."""
        return os.environ.get("GOOGLE_CLOUD_PROJECT") or self.project

    @cached_property
    def description(self) -> bigquery.Table:
        """Columns, partitioning and location, as they are now."""
        with self._explained():
            found = self._client.get_table(
                bigquery.TableReference.from_string(f"{self.project}.{self.dataset}.{self.table}"),
                retry=_retry(),
                timeout=_ANSWER_SECONDS,
            )
        if found.table_type in ("VIEW", "MATERIALIZED_VIEW", "EXTERNAL"):
            raise DeliveryError(
                f"{self.location} is a {str(found.table_type).lower().replace('_', ' ')}; expected the export's own"
                " table, whose ingestion time tells what is new. Name that table in the uri."
            )
        partitioning = found.time_partitioning
        if partitioning is None or partitioning.field is not None:
            how = "not partitioned" if partitioning is None else f"partitioned by {partitioning.field}"
            raise DeliveryError(
                f"{self.location} is {how}; expected a table partitioned by ingestion time, as Cloud Billing writes"
                " them. Name the export's own table in the uri, not a copy of it."
            )
        return found

    @property
    def columns(self) -> list[str]:
        """Every delivered column, known or not."""
        return [field.name for field in self.description.schema]

    def query(self, sql: str) -> Iterator[bigquery.Row]:
        """The rows of a small query over few columns. It must filter on the partition column."""
        count = self.description.num_rows
        limit = max(_LEAST_BYTES_BILLED, (_UNKNOWN_ROWS if count is None else count) * _BYTES_PER_ROW)
        with self._explained():
            yield from self._run(sql, limit)

    def batches(self, where: str, streams: int, report: Callable[[str], None]) -> list[Iterator[pa.RecordBatch]]:
        """The rows behind a filter as independent streams of Arrow batches, to be read side by side.

        Args:
            where: a filter over partition and other columns, the same text for a query and for a read session.
            streams: at most how many.
            report: told once when the Storage Read API may not be used.
        """
        if self._storage is not None and self.is_storage_permitted:
            try:
                return self._storage_streams(where, streams)
            except _NOT_PERMITTED as error:
                with self._lock:
                    if self.is_storage_permitted:
                        self.is_storage_permitted = False
                        report(
                            f"{self.location}: the Storage Read API is not permitted ({type(error).__name__}), so rows"
                            " are read as pages of queries, which is slower and billed by the byte. Grant"
                            f" roles/bigquery.readSessionUser on project {self.job_project}."
                        )
        return [self._pages(where)]

    def _storage_streams(self, where: str, streams: int) -> list[Iterator[pa.RecordBatch]]:
        wanted = types.ReadSession(
            table=f"projects/{self.project}/datasets/{self.dataset}/tables/{self.table}",
            data_format=types.DataFormat.ARROW,
            read_options=types.ReadSession.TableReadOptions(selected_fields=self.columns, row_restriction=where),
        )
        try:
            session = self._storage.create_read_session(
                parent=f"projects/{self.job_project}",
                read_session=wanted,
                max_stream_count=streams,
                retry=_retry(if_exception_type(*_TRANSIENT)),
                timeout=_ANSWER_SECONDS,
            )
        except _NOT_PERMITTED:
            raise
        except Exception:
            with self._explained():
                raise
        schema = pa.ipc.read_schema(pa.py_buffer(session.arrow_schema.serialized_schema))
        return [self._stream(stream.name, schema) for stream in session.streams]

    def _stream(self, stream: str, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        """One stream to its end; where it breaks off, it goes on behind the last row."""
        offset = failures = 0
        while True:
            try:
                for message in self._storage.read_rows(
                    read_stream=stream, offset=offset, retry=None, timeout=_STREAM_SECONDS
                ):
                    batch = pa.ipc.read_record_batch(
                        pa.py_buffer(message.arrow_record_batch.serialized_record_batch), schema
                    )
                    offset += batch.num_rows
                    failures = 0
                    yield batch
                return
            except _TRANSIENT as error:
                failures += 1
                if failures == TRIES:
                    raise DeliveryError(
                        f"{self.location} broke off {TRIES} times at row {offset:,} of a stream"
                        f" ({type(error).__name__}). Run again."
                    ) from error
                pause(failures)
            except api.GoogleAPIError:
                with self._explained():
                    raise

    def _pages(self, where: str) -> Iterator[pa.RecordBatch]:
        """The rows as the pages of a query."""
        names = ", ".join(f"`{name}`" for name in self.columns)
        limit = max(_LEAST_BYTES_BILLED, 2 * (self.description.num_bytes or 0))
        with self._explained():
            yield from self._run(f"SELECT {names} FROM {self.name} WHERE {where}", limit).to_arrow_iterable()

    def _run(self, sql: str, most_bytes: int) -> Any:
        return self._client.query_and_wait(
            sql,
            job_config=bigquery.QueryJobConfig(maximum_bytes_billed=most_bytes, use_legacy_sql=False),
            location=self.description.location,
            retry=_retry(),
            job_retry=DEFAULT_JOB_RETRY.with_timeout(RETRY_SECONDS).with_delay(initial=_FIRST_PAUSE_SECONDS),
            api_timeout=_ANSWER_SECONDS,
            wait_timeout=_QUERY_SECONDS,
        )

    def _explained(self) -> AbstractContextManager[None]:
        return explained(self.location, self.job_project)

    @cached_property
    def _credentials(self) -> Any:
        if os.environ.get("BIGQUERY_EMULATOR_HOST"):
            return AnonymousCredentials()
        with self._explained():
            return google.auth.default(scopes=_SCOPES)[0]

    @cached_property
    def _client(self) -> bigquery.Client:
        emulator = os.environ.get("BIGQUERY_EMULATOR_HOST")
        options: dict[str, Any] = {}
        if emulator:
            options["client_options"] = {"api_endpoint": emulator if "://" in emulator else f"http://{emulator}"}
        return bigquery.Client(project=self.job_project, credentials=self._credentials, **options)

    @cached_property
    def _storage(self) -> Any:
        """The Storage Read client; None beside an emulator that names no address for it."""
        if os.environ.get("BIGQUERY_EMULATOR_HOST"):
            host = os.environ.get("BIGQUERY_STORAGE_EMULATOR_HOST")
            if not host:
                return None
            unlimited = [("grpc.max_receive_message_length", -1)]
            return BigQueryReadClient(
                transport=BigQueryReadGrpcTransport(channel=grpc.insecure_channel(host, unlimited))
            )
        return BigQueryReadClient(credentials=self._credentials)


def _retry(predicate: Callable[[Exception], bool] | None = None) -> Retry:
    chosen = bigquery.DEFAULT_RETRY if predicate is None else bigquery.DEFAULT_RETRY.with_predicate(predicate)
    return chosen.with_timeout(RETRY_SECONDS).with_delay(initial=_FIRST_PAUSE_SECONDS, maximum=20.0)
