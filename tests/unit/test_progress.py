"""What a person sees of a run: news and results, not the frameworks' housekeeping."""

import io

import dagster as dg
import pytest

from finops_pipeline.progress import MOMENT, NEWS, PlainScreen, Progress, dagster_progress_logger, listening


@dg.asset(key=["raw", "aws_cur2"])
def landed(context: dg.AssetExecutionContext):
    """A landed table."""
    context.log.info("aws-payer 2026-10: landing 2 files", extra=NEWS)
    context.log.info("usage 2026-10-01.csv: landing", extra=MOMENT)
    context.log.info("something of a framework")
    return dg.MaterializeResult(metadata={"dagster/row_count": 1234, "note": "1 landed, 0 unchanged"})


@dg.asset(key=["raw", "jobs"])
def not_configured():
    """A table nobody configured."""
    return dg.MaterializeResult(metadata={"dagster/row_count": 0, "note": "Not configured"})


@dg.asset_check(asset=landed)
def rows_are_plausible():
    """A claim that does not hold."""
    return dg.AssetCheckResult(passed=False, severity=dg.AssetCheckSeverity.WARN)


@pytest.fixture
def run():
    job = dg.define_asset_job("job", dg.AssetSelection.all())
    definitions = dg.Definitions(
        assets=[landed, not_configured],
        asset_checks=[rows_are_plausible],
        jobs=[job],
        loggers={"progress": dagster_progress_logger},
    )

    def execute():
        return definitions.resolve_job_def("job").execute_in_process({"loggers": {"progress": {"config": {}}}})

    return execute


def test_news_results_and_failed_checks_are_one_line_each_and_nothing_else_is(run, capfd):
    stream = io.StringIO()
    with listening(Progress(PlainScreen(stream), models=0)):
        run()
    assert stream.getvalue().splitlines() == [
        "  aws-payer 2026-10: landing 2 files",
        "raw/aws_cur2: 1,234 rows (1 landed, 0 unchanged)",
        "check rows_are_plausible on raw/aws_cur2: warning",
    ]
    assert capfd.readouterr().err == ""


def test_nobody_listening_is_no_fault(run, capfd):
    assert run().success
    assert capfd.readouterr().err == ""
