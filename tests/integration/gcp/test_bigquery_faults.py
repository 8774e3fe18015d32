"""What goes wrong between a billing table and its reader: each fault told with its next step, and the old rows stay."""

import json
import socket
from decimal import Decimal
from pathlib import Path
from typing import Any

import grpc
import pytest
from bigquery_server import Broken, Emulator, Proxies, Refusal, Request, Table
from billing_schemas import fields_of
from export_writers import GCP_ROW

from finops_pipeline.config import Source
from finops_pipeline.errors import DeliveryError
from finops_pipeline.extract import gcp_bigquery
from finops_pipeline.extract.validate import describe_source

CANARY = "canary-of-a-secret-key"


def row(cost: object = 2.5, **more: Any) -> dict:
    return GCP_ROW | {"cost": cost} | more


@pytest.fixture
def impatient(proxies: Proxies, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries end after a second."""
    del proxies
    monkeypatch.setattr(gcp_bigquery, "RETRY_SECONDS", 1.0)


def refused(company: Any) -> str:
    """The message of the one failure of a refresh."""
    [failure] = company.refresh("gcp_detailed").failures
    assert CANARY not in str(failure)
    return str(failure)


def is_query(request: Request) -> bool:
    return bool(request.sql)


def is_description(request: Request) -> bool:
    return request.method == "GET" and "/tables/" in request.path


DENIED = "Access Denied: "


@pytest.mark.parametrize(
    ("asked", "refusal", "told"),
    [
        (
            is_description,
            Refusal(403, "accessDenied", f"{DENIED}Table acme:b.t: Permission bigquery.tables.get denied on table"),
            ["may not be read (bigquery.tables.get)", "roles/bigquery.dataViewer on the dataset acme.billing_"],
        ),
        (
            is_query,
            Refusal(403, "accessDenied", f"{DENIED}Project acme: User does not have bigquery.jobs.create permission"),
            ["(bigquery.jobs.create)", "roles/bigquery.jobUser on project acme", "GOOGLE_CLOUD_PROJECT"],
        ),
        (
            is_query,
            Refusal(403, "accessDenied", f"{DENIED}Table acme:b.t: User does not have permission to query table"),
            ["(accessDenied)", "roles/bigquery.dataViewer", "VPC Service Controls"],
        ),
        (
            is_description,
            Refusal(
                403, "accessNotConfigured", "BigQuery API has not been used in project 12 before or it is disabled."
            ),
            ["Enable the BigQuery API in project acme"],
        ),
        (
            is_description,
            Refusal(404, "notFound", "Not found: Table acme:billing.gone"),
            ["there is no table bigquery://acme/", "Check project, dataset and table of the uri"],
        ),
        (
            is_description,
            Refusal(404, "notFound", "Not found: Dataset acme:gone"),
            ["there is no dataset bigquery://acme/"],
        ),
        (
            is_query,
            Refusal(404, "notFound", "Not found: Dataset acme:billing was not found in location EU"),
            ["is not in the location it was asked for in", "The location is taken from the table"],
        ),
        (
            is_query,
            Refusal(403, "quotaExceeded", "Quota exceeded: Your project exceeded quota for free query bytes scanned."),
            ["a quota of project acme is used up", "GOOGLE_CLOUD_PROJECT"],
        ),
        (
            is_query,
            Refusal(400, "bytesBilledLimitExceeded", "Query exceeded limit for bytes billed: 10737418240."),
            ["more would be billed than asking for two columns", "Nothing was billed"],
        ),
        (
            is_query,
            Refusal(403, "billingNotEnabled", "Billing has not been enabled for this project."),
            ["project acme has no billing"],
        ),
        (
            is_query,
            Refusal(400, "invalidQuery", "Cannot query without a filter over column(s) 'd' for partition elimination"),
            ["wants a filter over another column"],
        ),
        (is_query, Refusal(400, "invalidQuery", "Syntax error"), ["was refused: Syntax error."]),
        (
            is_description,
            Refusal(401, "authError", "Invalid Credentials"),
            ["Google credentials are not found or not usable"],
        ),
    ],
)
def test_a_refusal_is_told_once_with_what_to_grant_or_change_and_landed_rows_stay(
    company: Any, detailed: Table, proxies: Proxies, asked: Any, refusal: Refusal, told: list[str]
):
    detailed.append("2026-10-02", row())
    company.refresh("gcp_detailed")
    detailed.append("2026-10-03", row())
    seen = len(proxies.rest.requests)
    proxies.rest.refuse = lambda request: refusal if asked(request) else None

    message = refused(company)

    assert "source payer: " in message
    assert detailed.uri in message
    for text in told:
        assert text in message
    # None of these goes away by asking again.
    assert len([request for request in proxies.rest.requests[seen:] if asked(request)]) == 1
    proxies.rest.refuse = lambda request: None
    assert company.refresh("gcp_detailed", to_period="2026-09").rows == 1


@pytest.mark.parametrize(
    "refusal",
    [
        Refusal(503, "backendError", "Visibility check was unavailable. Please retry."),
        Refusal(403, "rateLimitExceeded", "Exceeded rate limits: too many api requests per user per method"),
        Refusal(429, "rateLimitExceeded", "Exceeded rate limits"),
        Refusal(500, "internalError", "An internal error occurred"),
    ],
)
@pytest.mark.parametrize("asked", [is_description, is_query])
def test_a_transient_refusal_is_tried_again_and_the_rows_are_landed(
    company: Any, detailed: Table, proxies: Proxies, refusal: Refusal, asked: Any
):
    detailed.append("2026-10-02", row(1.0))
    left = [refusal, refusal]
    proxies.rest.refuse = lambda request: left.pop() if asked(request) and left else None

    result = company.refresh("gcp_detailed")

    assert (result.failures, result.rows, left) == ([], 1, [])


@pytest.mark.parametrize(
    ("refusal", "told"),
    [
        (Refusal(503, "backendError", "unavailable"), "did not answer, again after waiting"),
        (Refusal(403, "rateLimitExceeded", "Exceeded rate limits"), "project acme asks too often"),
    ],
)
@pytest.mark.parametrize("asked", [is_description, is_query])
@pytest.mark.usefixtures("impatient")
def test_tries_are_bounded(company: Any, detailed: Table, proxies: Proxies, refusal: Refusal, told: str, asked: Any):
    proxies.rest.refuse = lambda request: refusal if asked(request) else None

    assert told in refused(company)
    tries = len([request for request in proxies.rest.requests if asked(request)])
    assert 2 <= tries <= 60


@pytest.mark.usefixtures("impatient")
def test_a_host_that_does_not_answer_is_told_after_bounded_tries(
    company: Any, detailed: Table, monkeypatch: pytest.MonkeyPatch
):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        closed = probe.getsockname()[1]
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", f"127.0.0.1:{closed}")

    message = refused(company)

    assert f"{detailed.uri} cannot be reached (ConnectionError). Check the network" in message


def test_without_the_storage_read_api_the_same_rows_are_landed_by_queries_and_that_is_said_once(
    company: Any, detailed: Table, proxies: Proxies, tmp_path: Path
):
    # BigQuery knows no missing list; the emulator's two ways disagree on them, so every list is written.
    more = {"price": {"list_price": "0.000000001"}, "project": None, "tags": [], "system_labels": []}
    for day in ("02", "03", "04"):
        rows = [row(number * 1.1e-7, **more) for number in range(20)]
        detailed.append(f"2026-10-{day}", *rows, row(0.1, **more | {"credits": [], "labels": []}))
    by_storage = company.refresh("gcp_detailed")
    expected = company.landed(by_storage)
    other = type(company)(tmp_path / "other")
    other.sources = company.sources
    proxies.storage.breaks = lambda method, number: Broken(
        grpc.StatusCode.PERMISSION_DENIED, "Permission denied: bigquery.readsessions.create"
    )

    by_query = other.refresh("gcp_detailed")

    assert by_query.failures == []
    assert other.landed(by_query) == expected
    assert [d.identity for d in by_query.live] == [d.identity for d in by_storage.live]
    said = [line for line in other.told if "Storage Read API is not permitted" in line]
    assert len(said) == 1
    assert "Grant roles/bigquery.readSessionUser on project acme" in said[0]
    rows_asked = [sql for sql in proxies.rest.queries if "`labels`" in sql]
    assert len(rows_asked) == 3
    assert all("WHERE _PARTITIONTIME = TIMESTAMP '2026-10-0" in sql for sql in rows_asked)


def test_a_stream_that_breaks_off_goes_on_behind_its_last_row(company: Any, detailed: Table, proxies: Proxies):
    detailed.append("2026-10-02", row(1.0))
    detailed.grow("2026-10-02", 80_000)  # two messages
    streams: list[int] = []

    def breaks(method: str, number: int) -> Broken | None:
        if method != "ReadRows":
            return None
        streams.append(number)
        return Broken(grpc.StatusCode.UNAVAILABLE, after_messages=1) if number in (1, 2) else None

    proxies.storage.breaks = breaks

    result = company.refresh("gcp_detailed")

    assert (result.failures, result.rows, streams[:3]) == ([], 80_001, [1, 2, 3])
    assert proxies.storage.offsets[0] == 0
    assert any(proxies.storage.offsets)
    assert {total.exact for total in result.totals} == {Decimal(80_001) / 2}


@pytest.mark.parametrize("method", ["CreateReadSession", "ReadRows"])
@pytest.mark.usefixtures("impatient")
def test_a_storage_read_api_that_never_answers_is_given_up(
    company: Any, detailed: Table, proxies: Proxies, method: str
):
    detailed.append("2026-10-02", row())
    proxies.storage.breaks = lambda called, number: Broken(grpc.StatusCode.UNAVAILABLE) if called == method else None

    message = refused(company)

    assert detailed.uri in message
    assert "did not answer, again after waiting" in message or "broke off 5 times at row 0" in message
    assert 2 <= proxies.storage.calls.count(method) <= 60


def test_a_read_session_that_is_refused_for_another_reason_is_told(company: Any, detailed: Table, proxies: Proxies):
    detailed.append("2026-10-02", row())
    proxies.storage.breaks = lambda method, number: Broken(grpc.StatusCode.INVALID_ARGUMENT, "no such filter")

    assert "was refused: no such filter." in refused(company)


@pytest.mark.parametrize(
    ("method", "told"),
    [
        # Before the rows are fixed in a session: other rows come than were counted.
        ("CreateReadSession", "gave 2 rows; the table counted 1 before"),
        # After it: the rows are right, and the month is not the one that was offered any more.
        ("ReadRows", "changed while its 1 file were read"),
    ],
)
def test_a_month_that_grows_while_it_is_read_is_refused_and_the_old_one_stays(
    company: Any, detailed: Table, proxies: Proxies, method: str, told: str
):
    detailed.append("2026-10-01", row(1.0))
    company.refresh("gcp_detailed")
    detailed.delete("2026-10-01")
    detailed.append("2026-10-02", row(2.0))
    grown: list[str] = []

    def grows(called: str, number: int) -> None:
        if called == method and not grown:
            grown.append(called)
            detailed.append("2026-10-02", row(4.0, export_time="2026-10-03 09:00:00 UTC"))

    proxies.storage.breaks = grows

    result = company.refresh("gcp_detailed")

    assert told.replace("1 file were", "2 files were") in str(result.failures[0])
    assert (result.rows, {total.exact for total in result.totals}) == (1, {Decimal("0.5")})
    assert not list((company.landing / ".downloads").iterdir())
    assert company.refresh("gcp_detailed").rows == 3


def test_no_credentials_are_told_with_the_ways_to_give_some(
    company: Any, detailed: Table, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.delenv("BIGQUERY_EMULATOR_HOST")
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))

    message = refused(company)

    assert f"{detailed.uri} was not asked for: Google credentials are not found" in message
    assert "GOOGLE_APPLICATION_CREDENTIALS" in message


def test_a_broken_key_file_is_told_without_its_content(
    company: Any, detailed: Table, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    key = {
        "type": "service_account",
        "client_email": "x@acme",
        "token_uri": "http://127.0.0.1:9",
        "private_key": CANARY,
    }
    path = tmp_path / "key.json"
    path.write_text(json.dumps(key))
    monkeypatch.delenv("BIGQUERY_EMULATOR_HOST")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))

    assert "Google credentials are not found or not usable" in refused(company)


@pytest.mark.parametrize(
    ("description", "told"),
    [
        ({"type": "VIEW"}, "is a view; expected the export's own table"),
        ({"timePartitioning": None}, "is not partitioned; expected a table partitioned by ingestion time"),
        ({"timePartitioning": {"type": "DAY", "field": "usage_start_time"}}, "is partitioned by usage_start_time"),
    ],
)
def test_a_table_that_is_not_the_exports_own_is_refused(
    company: Any, detailed: Table, proxies: Proxies, description: dict[str, Any], told: str
):
    proxies.rest.description = description

    assert told in refused(company)


def test_a_table_without_a_required_column_is_no_billing_export(company: Any, server: Emulator, dataset: str):
    fields = [field for field in fields_of("gcp_detailed") if field["name"] not in ("credits", "cost")]
    table = Table(server, dataset, "events", fields)
    company.add_uri("detailed", table.uri)

    message = refused(company)

    assert f"{table.uri} has no column cost, credits, as this dataset's export has" in message


def test_an_invoice_month_that_is_none_is_refused(company: Any, detailed: Table):
    detailed.append("2026-10-02", row(1.0), row(1.0, invoice={"month": "2026"}), row(1.0, invoice=None))

    message = refused(company)

    assert "1 rows of the partition 2026-10-02 have the invoice month" in message
    assert "expected such as '202610'" in message


def test_the_project_of_the_environment_runs_and_pays_for_the_queries(
    company: Any, detailed: Table, proxies: Proxies, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "payer-of-queries")
    detailed.append("2026-10-02", row(1.0))

    assert company.refresh("gcp_detailed").rows == 1
    assert all("/projects/payer-of-queries/" in request.path for request in proxies.rest.requests if request.sql)
    assert any("/projects/acme/datasets/" in request.path for request in proxies.rest.requests)


def source_of(company: Any) -> Source:
    [source] = company.sources
    return source


def test_validate_tells_in_a_line_what_a_table_holds(company: Any, detailed: Table, proxies: Proxies):
    detailed.append("2026-09-30", row(invoice={"month": "202609"}))
    detailed.append("2026-10-19", row(export_time="2026-10-20 03:11:12 UTC"), row(invoice={"month": "202608"}))

    line = describe_source(source_of(company), company.landing)

    expected = "reachable; newest partition 2026-10-19, exported 2026-10-20 03:11 UTC; 3 months, 2026-08 to 2026-10"
    assert line == expected
    assert "ReadRows" not in proxies.storage.calls
    proxies.storage.breaks = lambda method, number: Broken(grpc.StatusCode.PERMISSION_DENIED)
    assert "Grant roles/bigquery.readSessionUser" in describe_source(source_of(company), company.landing)


def test_validate_says_that_a_new_table_is_still_empty(company: Any, detailed: Table):
    with pytest.raises(DeliveryError, match=r"is reachable, but holds no rows yet\. A new export delivers its first"):
        describe_source(source_of(company), company.landing)


def test_an_emulator_without_an_address_for_the_storage_read_api_is_asked_by_queries(
    company: Any, detailed: Table, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("BIGQUERY_STORAGE_EMULATOR_HOST")
    detailed.append("2026-10-02", row(1.0))

    assert company.refresh("gcp_detailed").rows == 1
    assert not any("Storage Read API" in line for line in company.told)


def test_progress_is_told_while_rows_are_read(company: Any, detailed: Table, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("finops_pipeline.extract.transport.bigquery_export._REPORT_SECONDS", 0.0)
    detailed.append("2026-10-02", row(1.0), row(2.0))

    company.refresh("gcp_detailed")

    assert "payer 2026-10: read 2 of 2 rows so far" in company.told
