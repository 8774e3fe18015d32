"""No secret in a message, whoever wrote it; and none in anything a run leaves behind."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from finops_pipeline.redaction import redacted

CANARY = "cAnArY/9f27+secret=="


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("GET https://a.blob/x?sv=1&sig=AbC%2Bd&se=2", "GET https://a.blob/x?sv=1&sig=***&se=2"),
        ("https://s3/x?X-Amz-Signature=ff00&X-Amz-Date=1", "https://s3/x?X-Amz-Signature=***&X-Amz-Date=1"),
        ("AccountName=acme;AccountKey=abc+/==;EndpointSuffix=x", "AccountName=acme;AccountKey=***;EndpointSuffix=x"),
        ("header Authorization: Bearer eyJhbGciOi.x.y failed", "header Authorization: Bearer *** failed"),
        ("aws_secret_access_key=wJal/K7MD&api_key=a1", "aws_secret_access_key=***&api_key=***"),
        ('answered {"error": 401, "client_secret": "a b"}', 'answered {"error": 401, "client_secret": "***"}'),
        ("given {'password': 'it is', 'user': 'me'}", "given {'password': '***', 'user': 'me'}"),
        ("no key in -----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY----- found", "no key in *** found"),
        ("no key in -----BEGIN RSA PRIVATE KEY-----\nMIIE", "no key in ***"),
        ("http://user:pass@proxy:3128 refused", "http://***@proxy:3128 refused"),
        (
            "2026-10: s3://b/p/x.parquet is missing; expected 5 bytes",
            "2026-10: s3://b/p/x.parquet is missing; expected 5 bytes",
        ),
        ("run=11111111;manifest=abcdef", "run=11111111;manifest=abcdef"),
    ],
)
def test_signatures_keys_and_tokens_are_taken_out_and_nothing_else(text: str, told: str):
    assert redacted(text, {}) == told


def test_values_of_secret_variables_are_taken_out_wherever_they_stand():
    environ = {
        "AWS_SECRET_ACCESS_KEY": CANARY,
        "AZURE_STORAGE_CONNECTION_STRING": "AccountName=acme;AccountKey=kEy12345==;X=y",
        "SOME_TOKEN": "true",
        "PATH": "/usr/bin/env",
    }
    text = f"denied for {CANARY} and kEy12345==, which is true of /usr/bin/env"

    assert redacted(text, environ) == "denied for *** and ***, which is true of /usr/bin/env"


_REFUSED_RUN = """
import dagster as dg
from finops_pipeline.defs.extract.landed_tables import landed_tables
from finops_pipeline.dagster_home import prepare_homes
from finops_pipeline.resources.refresh_request import RefreshRequest
from finops_pipeline.settings import load_settings
prepare_homes(load_settings())
wanted = {"raw/aws_cur2", "raw/azure_cost_details", "raw/aws_cur1"}
assets = [a for a in landed_tables().assets if a.key.to_user_string() in wanted]
with dg.DagsterInstance.get() as instance:
    result = dg.materialize(
        assets, instance=instance, resources={"refresh_request": RefreshRequest()}, raise_on_error=False
    )
failed = {event.step_key for event in result.all_events if event.is_step_failure}
print("failed:", *sorted(failed))
"""


def test_no_secret_of_the_environment_is_left_behind_by_runs_that_fail(tmp_path: Path):
    """Two stores that nobody answers for, and an export that is damaged: everything written and said is searched."""
    damaged = tmp_path / "b" / "r" / "cur"
    (damaged / "20261001-20261101").mkdir(parents=True)
    (damaged / "20261001-20261101" / "cur-Manifest.json").write_text(
        '{"reportKeys": ["r/cur/20261001-20261101/1.csv.gz"]}'
    )
    (damaged / "20261001-20261101" / "1.csv.gz").write_bytes(b"no gzip")
    (tmp_path / "finops.yaml").write_text(
        "version: 1\nsources:\n"
        "  - {name: s3, provider: aws, dataset: cur2, uri: 's3://bucket/prefix/export'}\n"
        "  - {name: blob, provider: azure, dataset: cost_details, uri: 'az://acme/container/root/export'}\n"
        f"  - {{name: disk, provider: aws, dataset: cur1, uri: 'file://{damaged}'}}\n"
    )
    key = "Y0FuQXJZLWFjY291bnQta2V5LTlmMjc="
    nobody = "http://127.0.0.1:9"
    environ = {
        **os.environ,
        "FINOPS_HOME": str(tmp_path / "home"),
        "DAGSTER_HOME": str(tmp_path / "home" / "dagster"),
        "FINOPS_CONFIG": str(tmp_path / "finops.yaml"),
        "FINOPS_NOW": "2026-10-20T06:00:00Z",
        "AWS_ACCESS_KEY_ID": "AKIACANARY9F27",
        "AWS_SECRET_ACCESS_KEY": CANARY,
        "AWS_SESSION_TOKEN": f"token-{CANARY}",
        "AWS_ENDPOINT_URL_S3": nobody,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_MAX_ATTEMPTS": "1",
        "AZURE_STORAGE_CONNECTION_STRING": f"AccountName=acme;AccountKey={key};BlobEndpoint={nobody}/acme;",
    }
    done = subprocess.run(
        [sys.executable, "-c", _REFUSED_RUN], env=environ, capture_output=True, text=True, timeout=400, check=False
    )

    assert "failed: raw__aws_cur1 raw__aws_cur2 raw__azure_cost_details" in done.stdout, done.stderr[-3000:]
    secrets = [CANARY.encode(), key.encode(), b"cAnArY"]
    left = {str(path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    left |= {"stdout": done.stdout.encode(), "stderr": done.stderr.encode()}
    assert len(left) > 5
    assert [name for name, content in left.items() if any(secret in content for secret in secrets)] == []
