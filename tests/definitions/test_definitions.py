"""Everything Dagster must know, and nothing it should complain about.

A file in defs/ that mixes decorated objects with a `@dg.definitions` function loses the former without a word, so the
lists here are written down or taken from the dbt project's files, never from what Dagster loaded.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from finops_pipeline.dagster_home import DAGSTER_YAML
from finops_pipeline.definitions import defs
from finops_pipeline.resources.dbt import current_manifest
from finops_pipeline.settings import DBT_PROJECT_DIR, PROJECT_ROOT

BIN = Path(sys.executable).parent

BILLING = {
    "aws_cur2",
    "aws_cur1",
    "aws_focus",
    "gcp_detailed",
    "gcp_standard",
    "gcp_focus",
    "azure_cost_details",
    "azure_focus",
    "other_focus",
}
USAGE = {
    "gpu_hours",
    "gpu_capacity",
    "compute_hours",
    "storage_bytes",
    "storage_access",
    "inference",
    "tokens",
    "training_runs",
    "jobs",
    "api_calls",
    "driver",
    "business_metric",
}
RAW = {f"raw/{table}" for table in BILLING | USAGE | {"deliveries", "allocation_rules", "owner_keys"}}
RAW |= {"raw/anomaly_feedback"}
RAW |= {f"raw/{table}" for table in ("prepayments", "ownership_rules", "vendors")}
RAW |= {f"raw/{table}" for table in ("metrics", "model_alternatives", "datasets", "fx_rates", "budgets", "tag_policy")}
RAW |= {"raw/invoices"}

PYTHON_CHECKS = {
    ("raw/deliveries", "every_complete_delivery_has_rows"): True,
    ("raw/deliveries", "every_configured_source_has_delivered"): False,
    ("raw/deliveries", "every_source_is_fresh"): False,
    ("raw/deliveries", "every_feed_is_fresh"): False,
    ("raw/deliveries", "no_delivery_has_lost_rows"): False,
    ("raw/deliveries", "no_month_has_lost_half_its_bill"): True,
    ("focus_cost_and_usage", "every_account_has_rows_every_day"): False,
    ("fct_reconciliation", "raw_total_equals_normalized_total"): True,
    ("fct_reconciliation", "normalized_total_equals_allocated_total"): True,
    ("fct_reconciliation", "invoiced_total_equals_billed_total"): True,
    ("fct_cost_allocations", "every_day_is_allocated_exactly"): True,
    ("fct_cost_allocations", "shared_services_have_an_exit"): True,
    ("fct_cost_allocations", "windows_are_no_finer_than_charges"): True,
    ("fct_cost_bridge_to_bill", "costs_add_up_to_the_bill"): True,
    ("focus_cost_and_usage", "every_foreign_cost_has_a_rate"): True,
    ("fct_anomalies", "every_account_day_is_there_once"): True,
    ("fct_anomalies", "daily_cost_is_usual"): False,
    ("fct_budget_status", "budgets_are_kept"): False,
    ("fct_tag_coverage", "required_tags_cover_their_floor"): False,
    ("fct_tag_coverage", "tag_values_stay_within_their_limits"): False,
    ("fct_waste", "waste_is_part_of_the_ledger"): True,
    ("fct_waste", "nothing_is_left_running"): False,
    ("fct_cost_allocations", "pools_have_their_driver"): False,
    ("fct_cost_allocations", "feeds_have_their_usual_volume"): False,
    ("fct_cost_allocations", "usage_cost_is_classified"): False,
    ("focus_cost_and_usage", "lookups_know_what_is_billed"): False,
    ("fct_cost_allocations", "no_account_is_billed_by_two_sources"): False,
    ("int_gpu_hours_without_capacity", "gpu_hours_fit_capacity"): False,
    **{(f"raw/{table}", f"{table}_columns_are_the_known_ones"): False for table in BILLING},
}
"""Asset and check to whether a failure blocks publishing."""


def dbt_models() -> dict[str, str]:
    """Name to folder of every model and seed of the dbt project, from its files."""
    files = [
        file for kind in ("models/**/*.sql", "models/**/*.py", "seeds/**/*.csv") for file in DBT_PROJECT_DIR.glob(kind)
    ]
    # an ephemeral model is a step of the one that reads it, and no asset
    named = [path for path in files if path.suffix != ".sql" or "materialized='ephemeral'" not in path.read_text()]
    return {path.stem: path.relative_to(DBT_PROJECT_DIR).parent.as_posix() for path in named}


def expected_group(folder: str) -> str:
    if folder.startswith(("models/intermediate/allocate", "models/marts/cost")):
        return "allocate"
    return "unit_economics" if "unit_economics" in folder or "governance" in folder else "normalize"


@pytest.fixture(scope="module")
def definitions() -> dg.Definitions:
    return defs()


@pytest.fixture(scope="module")
def specs(definitions) -> dict[str, dg.AssetSpec]:
    return {spec.key.to_user_string(): spec for spec in definitions.resolve_all_asset_specs()}


@pytest.fixture(scope="module")
def checks(definitions) -> dict[tuple[str, str], bool]:
    found = {}
    for check in definitions.resolve_asset_graph().asset_check_keys:
        spec = definitions.resolve_asset_graph().get_check_spec(check)
        found[check.asset_key.to_user_string(), check.name] = spec.blocking
    return found


def test_every_asset_is_loaded_and_no_other(specs):
    assert set(specs) == RAW | set(dbt_models()) | {"marts/current"}


def test_groups_tell_the_story_of_the_folders(specs):
    expected = dict.fromkeys(RAW, "extract") | {"marts/current": "publish"}
    expected |= {name: expected_group(folder) for name, folder in dbt_models().items()}
    assert {key: spec.group_name for key, spec in specs.items()} == expected


def test_every_asset_says_what_it_is_who_owns_it_and_what_it_is_made_with(specs):
    for key, spec in specs.items():
        assert spec.description, key
        assert not spec.description.startswith("dbt model"), f"{key} has no description of its own"
        assert spec.owners, key
        assert spec.kinds, key


def test_every_check_is_loaded_with_its_severity(checks):
    manifest = json.loads(current_manifest().read_text())
    from_dbt = {
        node["name"]: node["config"]["severity"].lower() == "error"
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test"
    }
    loaded_from_dbt = {
        name: blocking for (asset, name), blocking in checks.items() if (asset, name) not in PYTHON_CHECKS
    }
    assert loaded_from_dbt == from_dbt
    assert {key: blocking for key, blocking in checks.items() if key in PYTHON_CHECKS} == PYTHON_CHECKS


def test_every_check_says_what_it_claims_and_what_follows(definitions):
    for key in definitions.resolve_asset_graph().asset_check_keys:
        spec = definitions.resolve_asset_graph().get_check_spec(key)
        assert spec.description, key
        if (key.asset_key.to_user_string(), key.name) not in PYTHON_CHECKS:
            follows = "nothing is published" if spec.blocking else "the run warns and publishes"
            assert follows in spec.description, key


def test_no_test_goes_by_the_name_that_dbt_makes_up():
    nodes = json.loads(current_manifest().read_text())["nodes"].values()
    kinds = {node["name"]: node["test_metadata"]["name"] for node in nodes if node.get("test_metadata")}
    assert [name for name, kind in kinds.items() if name.startswith(f"{kind}_")] == []


def test_no_check_goes_by_the_name_of_another(checks):
    names = [name for _, name in checks]
    assert sorted(names) == sorted(set(names))


def test_nothing_is_published_past_a_blocking_check(definitions, specs, checks):
    # A check of a step of its own holds back only what depends on its asset. A dbt test that fails fails the one step
    # that builds all models, and publishing depends on that.
    needed = {dependency.asset_key.to_user_string() for dependency in specs["marts/current"].deps}
    own_step = {asset for (asset, name), blocking in PYTHON_CHECKS.items() if blocking}
    assert own_step <= needed
    models = definitions.resolve_assets_def(dg.AssetKey("fct_cost_allocations"))
    from_dbt = {asset for asset, name in checks if (asset, name) not in PYTHON_CHECKS}
    assert from_dbt <= {key.to_user_string() for key in models.keys}


def test_publishing_waits_for_every_mart(specs):
    marts = {name for name, folder in dbt_models().items() if folder.startswith("models/marts/")}
    assert marts <= {dependency.asset_key.to_user_string() for dependency in specs["marts/current"].deps}


def test_models_wait_for_the_ledger_and_the_rules(definitions):
    graph = definitions.resolve_asset_graph()
    models = definitions.resolve_assets_def(dg.AssetKey("fct_cost_allocations"))
    parents = {parent.to_user_string() for key in models.keys for parent in graph.get(key).parent_keys}
    assert {"raw/deliveries", "raw/allocation_rules", "raw/owner_keys"} <= parents


def test_one_job_runs_every_asset_and_every_check_in_one_process(definitions, specs, checks):
    jobs = [job.name for job in definitions.resolve_all_job_defs() if not job.name.startswith("__")]
    assert jobs == ["refresh"]
    job = definitions.resolve_job_def("refresh")
    assert {key.to_user_string() for key in job.asset_layer.selected_asset_keys} == set(specs)
    selected = {(key.asset_key.to_user_string(), key.name) for key in job.asset_layer.asset_graph.asset_check_keys}
    assert selected == set(checks)
    assert job.executor_def.name == "in_process"


def test_one_schedule_runs_the_job_every_morning_and_starts_only_when_someone_turns_it_on(definitions):
    schedules = list(definitions.schedules)
    assert [schedule.name for schedule in schedules] == ["daily_refresh"]
    schedule = definitions.resolve_schedule_def("daily_refresh")
    assert (schedule.cron_schedule, schedule.execution_timezone, schedule.job_name) == ("0 6 * * *", "UTC", "refresh")
    assert schedule.default_status == dg.DefaultScheduleStatus.STOPPED
    sensors = {sensor.name: sensor.default_status for sensor in definitions.sensors}
    assert definitions.resolve_sensor_def("new_deliveries").job_name == "refresh"
    assert sensors == {
        "new_deliveries": dg.DefaultSensorStatus.STOPPED,
        # Without an alerts.yaml they do nothing.
        "alerts_after_success": dg.DefaultSensorStatus.RUNNING,
        "alerts_after_failure": dg.DefaultSensorStatus.RUNNING,
    }


LOAD_AND_REPORT_WARNINGS = """
import warnings
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    from finops_pipeline.definitions import defs
    from dagster import Definitions
    Definitions.validate_loadable(defs())
for warning in caught:
    if "finops_pipeline" in warning.filename or type(warning.message).__module__.startswith("dagster"):
        print(warning.category.__name__, warning.filename, warning.message)
"""


def clean_environment(folder: Path) -> dict[str, str]:
    names = ("FINOPS_HOME", "FINOPS_CONFIG", "FINOPS_NOW", "DAGSTER_HOME")
    environment = {name: value for name, value in os.environ.items() if name not in names}
    return environment | {"PYTHONPATH": str(PROJECT_ROOT), "HOME": str(folder), "NO_COLOR": "1"}


def test_definitions_load_without_configuration_without_home_and_without_a_warning(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", LOAD_AND_REPORT_WARNINGS],
        cwd=tmp_path,
        env=clean_environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert "Warning" not in done.stderr
    assert not (tmp_path / ".finops").exists()


@pytest.mark.parametrize(
    "command",
    [["dg", "check", "defs"], ["dagster", "definitions", "validate", "-w", "workspace.yaml"]],
    ids=["dg check defs", "dagster definitions validate"],
)
def test_the_tools_of_dagster_accept_the_project(tmp_path, command):
    (tmp_path / "dagster.yaml").write_text(DAGSTER_YAML)
    # An activated environment, as `dg` wants it.
    environment = clean_environment(tmp_path) | {
        "DAGSTER_HOME": str(tmp_path),
        "DAGSTER_DISABLE_TELEMETRY": "1",
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "VIRTUAL_ENV": str(BIN.parent),
    }
    done = subprocess.run(
        [BIN / command[0], *command[1:]],
        cwd=PROJECT_ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    output = done.stdout + done.stderr
    assert done.returncode == 0, output
    complaints = [line for line in output.splitlines() if "warning" in line.lower() and "Supersession" not in line]
    assert complaints == []
