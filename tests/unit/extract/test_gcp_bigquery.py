"""What needs no server of BigQuery: refusals in words, amounts with more digits than a decimal has, filters."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from google.api_core import exceptions as api
from google.auth import exceptions as auth
from hypothesis import given, settings
from hypothesis import strategies as st

from finops_pipeline.errors import DeliveryError
from finops_pipeline.extract.gcp_bigquery import BillingTable
from finops_pipeline.extract.gcp_errors import explained
from finops_pipeline.extract.gcp_partitions import LAYOUTS, PartitionRows, Partitions
from finops_pipeline.extract.transport.bigquery_export import _Progress, _write

TABLE = BillingTable("acme", "billing", "gcp_billing_export_v1_01")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (api.Unauthorized("expired"), "the Google credentials are not valid or have expired. Set GOOGLE_APPLICATION"),
        (auth.RefreshError("canary"), "the Google credentials were refused (RefreshError). Set GOOGLE_APPLICATION"),
        (auth.TransportError("canary"), "cannot be reached (TransportError). Check the network"),
        (ConnectionResetError("canary"), "cannot be reached (ConnectionResetError). Check the network"),
        (
            api.PermissionDenied("bigquery.readsessions.create denied"),
            "Grant the account roles/bigquery.readSessionUser on project acme.",
        ),
        (api.TooManyRequests("slow down"), "project acme asks too often (slow down.)"),
        (api.GatewayTimeout("late"), "did not answer, again after waiting (late.) Run again later."),
        (api.RetryError("tried", cause=api.RetryError("tried", cause=api.BadGateway("bad"))), "did not answer, again"),
        (
            api.BadRequest("POST https://bigquery/v2/x?alt=json: No such thing Location: EU Job ID: 1-2"),
            "was refused: No such thing.",
        ),
    ],
)
def test_an_error_of_googles_clients_is_told_with_its_next_step_and_without_secrets(error: Exception, told: str):
    with pytest.raises(DeliveryError) as refused, explained(TABLE.location, "acme"):
        raise error

    assert str(refused.value).startswith("bigquery://acme/billing/gcp_billing_export_v1_01 ")
    assert told in str(refused.value)
    assert "canary" not in str(refused.value)


DECIMALS_256 = st.decimals(min_value=-(10**19), max_value=10**19, places=38, allow_nan=False)


@settings(max_examples=50, deadline=None)
@given(amounts=st.lists(DECIMALS_256, min_size=1, max_size=5))
def test_a_bignumeric_keeps_all_of_its_digits(tmp_path_factory: pytest.TempPathFactory, amounts: list[Decimal]):
    folder = tmp_path_factory.mktemp("landing")
    wide = pa.array(amounts, pa.decimal256(76, 38))
    credits = pa.array([[{"amount": amount}] for amount in amounts], pa.list_(pa.struct([("amount", wide.type)])))
    batch = pa.record_batch({"cost": wide, "credits": credits})
    path = folder / "part.parquet"

    _write(path, iter([batch]), _Progress(lambda text: None, len(amounts)))

    read = pq.read_table(path).to_pylist()
    assert [Decimal(row["cost"]) for row in read] == amounts
    assert [Decimal(row["credits"][0]["amount"]) for row in read] == amounts


@pytest.mark.parametrize(
    ("table", "period", "month"),
    [
        ("gcp_detailed", "2026-10", "invoice.month = '202610'"),
        ("gcp_standard", "2026-01", "invoice.month = '202601'"),
        (
            "gcp_focus",
            "2026-12",
            "BillingPeriodStart >= TIMESTAMP '2026-12-01 00:00:00+00'"
            " AND BillingPeriodStart < TIMESTAMP '2027-01-01 00:00:00+00'",
        ),
        (
            "gcp_focus",
            "2026-02",
            "BillingPeriodStart >= TIMESTAMP '2026-02-01 00:00:00+00'"
            " AND BillingPeriodStart < TIMESTAMP '2026-03-01 00:00:00+00'",
        ),
    ],
)
def test_rows_are_read_by_their_partition_and_month(table: str, period: str, month: str):
    part = PartitionRows(datetime(2026, 10, 3, tzinfo=UTC), period, 1, None)

    found = Partitions(TABLE, LAYOUTS[table]).filter(part)

    assert found == f"_PARTITIONTIME = TIMESTAMP '2026-10-03 00:00:00+00' AND {month}"


def test_partitions_of_hours_have_names_of_their_own():
    names = [PartitionRows(datetime(2026, 10, 3, hour, tzinfo=UTC), "2026-10", 1, None).name for hour in (0, 1, 13)]

    assert names == ["partition 2026-10-03", "partition 2026-10-03 01h", "partition 2026-10-03 13h"]


def test_a_stream_is_written_batch_by_batch(tmp_path: Path):
    written: list[int] = []

    def batches():
        for number in range(3):
            written.append(len(list(tmp_path.iterdir())))
            yield pa.record_batch({"n": [number]})

    assert _write(tmp_path / "part.parquet", batches(), _Progress(lambda text: None, 3)) == 3
    # The file is there before the second batch is asked for.
    assert written == [0, 1, 1]
    assert pq.read_metadata(tmp_path / "part.parquet").num_row_groups == 3
