"""allocation.yaml: what is accepted, what is refused and how, and the tables the rules are landed as."""

import json
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from finops_pipeline.errors import ConfigurationError
from finops_pipeline.extract.usage_kinds import USAGE_KINDS
from finops_pipeline.rules import load_rules, normalized_keys, write_rule_tables
from finops_pipeline.rules.drivers import FEEDS
from finops_pipeline.rules.selection import POOL_FACTS, SELECTABLE, charge_column
from finops_pipeline.settings import DBT_PROJECT_DIR

MINIMAL = """version: 1
rules:
  - {name: clusters, pool: gpu_cluster, driver: gpu_hours, basis: used}
  - {name: owners, pool: owner, driver: direct}
"""


@dataclass
class Configured:
    allocation_path: Path | None
    reporting_currency: str = "EUR"


def written(directory: Path, text: str) -> Path:
    path = directory / "allocation.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def refusal(directory: Path, text: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load_rules(written(directory, text))
    return str(caught.value)


def test_the_shipped_rules_cover_all_three_kinds_of_pools_in_order() -> None:
    rules = load_rules()
    assert [(rule.pool, rule.driver) for rule in rules.rules] == [
        ("gpu_cluster", "gpu_hours"),
        ("bucket", "storage_bytes"),
        ("owner", "direct"),
    ]
    assert rules.rules[0].basis == "requested"


def test_a_company_file_replaces_the_rules_and_keeps_the_shipped_tags(tmp_path: Path) -> None:
    rules = load_rules(written(tmp_path, MINIMAL))
    assert [rule.name for rule in rules.rules] == ["clusters", "owners"]
    assert rules.owner_tags == load_rules().owner_tags


def test_a_company_file_replaces_the_keys_of_one_column_only(tmp_path: Path) -> None:
    rules = load_rules(written(tmp_path, "version: 1\nowner_tags:\n  team: [guild]\n"))
    assert rules.owner_tags["team"] == ["guild"]
    assert rules.owner_tags["project"] == load_rules().owner_tags["project"]
    assert len(rules.rules) == 3


def test_a_configuration_gives_the_path_and_the_reporting_currency(tmp_path: Path) -> None:
    assert load_rules(Configured(written(tmp_path, MINIMAL))).reporting_currency == "EUR"
    assert load_rules(Configured(None)).rules == load_rules().rules


def test_the_rule_version_follows_the_content_and_not_the_layout(tmp_path: Path) -> None:
    first = load_rules(written(tmp_path, MINIMAL)).rule_version
    assert load_rules(written(tmp_path, "# who pays\n" + MINIMAL)).rule_version == first
    assert load_rules(written(tmp_path, MINIMAL.replace("used", "max"))).rule_version != first
    assert load_rules(written(tmp_path, MINIMAL.replace("name: owners", "name: tags"))).rule_version != first


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (MINIMAL.replace("version: 1", "version: 2"), ["line 1", "version", "2", "allowed: 1"]),
        (MINIMAL.replace("basis: used", "basis: half"), ["line 3", "rules.0.basis", "'half'", "'requested'", "'max'"]),
        (MINIMAL.replace("pool: owner", "pool: shop"), ["line 4", "rules.1.pool", "'shop'", "'bucket'"]),
        (MINIMAL.replace("driver: direct", "driver: gpu_hours"), ["line 4", "'gpu_hours'", "allowed: direct"]),
        (MINIMAL.replace("basis: used", "bases: used"), ["line 3", "bases", "unknown key", "basis"]),
        (MINIMAL.replace("name: owners", "name: clusters"), ["line 2", "'clusters'", "2 times"]),
        (MINIMAL.replace("name: owners", "name: My Owners"), ["line 4", "'My Owners'", "lower-case"]),
        (MINIMAL + "reporting_currency: EUR\n", ["line 5", "reporting_currency", "unknown key"]),
        (MINIMAL + "owner_tags: {tema: [x]}\n", ["line 5", "'tema'", "'team'"]),
        (MINIMAL + "rules: []\n", ["line 5", "'rules'", "written twice"]),
        ("rules: []\n", ["version", "missing"]),
        ("", ["line 1", "version", "missing"]),
        ("- a list\n", ["line 1", "a list"]),
        ("version: [1\n", ["not valid YAML"]),
    ],
)
def test_a_mistake_is_refused_with_line_key_value_and_what_is_allowed(
    tmp_path: Path, text: str, expected: list[str]
) -> None:
    message = refusal(tmp_path, text)
    assert "allocation.yaml" in message
    for part in expected:
        assert part in message


def test_two_rules_for_one_kind_of_pool_are_refused_because_the_second_would_never_apply(tmp_path: Path) -> None:
    second = "  - {name: more, pool: owner, driver: direct}\n"
    assert "pool 'owner' is taken by 2 rules" in refusal(tmp_path, MINIMAL + second)


def test_a_missing_file_is_a_configuration_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="nowhere"):
        load_rules(tmp_path / "nowhere.yaml")


def test_spellings_of_one_tag_key_count_once_at_their_best_priority() -> None:
    assert normalized_keys(["Cost-Center", "kst", "cost_center", "aws:eks:cluster-name"]) == [
        "costcenter",
        "kst",
        "awseksclustername",
    ]


def test_the_rule_tables_carry_order_basis_and_version(tmp_path: Path) -> None:
    rules = load_rules(written(tmp_path, MINIMAL))
    write_rule_tables(rules, tmp_path / "landing")
    landed = tmp_path / "landing" / "rules"
    rows = pq.read_table(landed / "allocation_rules.parquet").to_pylist()
    columns = ("rule_order", "rule", "step", "pool", "pool_kind", "driver", "basis", "rule_version", "conditions")
    assert [tuple(row[column] for column in columns) for row in rows] == [
        (1, "clusters", "usage", "gpu_cluster", "gpu_cluster", "gpu_hours", "used", rules.rule_version, "[]"),
        (2, "owners", "direct", "owner", "owner", "direct", "requested", rules.rule_version, "[]"),
    ]
    teams = [
        row for row in pq.read_table(landed / "owner_keys.parquet").to_pylist() if row["consumer_column"] == "team"
    ]
    assert [row["tag_key"] for row in teams] == normalized_keys(rules.owner_tags["team"])
    assert [row["priority"] for row in teams] == list(range(1, len(teams) + 1))
    [settings] = pq.read_table(landed / "settings.parquet").to_pylist()
    assert (settings["reporting_currency"], settings["rule_version"]) == ("USD", rules.rule_version)
    assert json.loads(settings["periods"]) == [{"valid_to": None, "rule_version": rules.periods[0].rule_version}]


def test_unchanged_rules_leave_the_landed_files_untouched(tmp_path: Path) -> None:
    rules = load_rules(written(tmp_path, MINIMAL))
    write_rule_tables(rules, tmp_path)
    files = sorted((tmp_path / "rules").iterdir())
    before = [(path.name, path.stat().st_ino, path.stat().st_mtime_ns) for path in files]
    write_rule_tables(rules, tmp_path)
    assert [(path.name, path.stat().st_ino, path.stat().st_mtime_ns) for path in files] == before


def test_changed_rules_replace_the_landed_files_and_leave_no_partial_file(tmp_path: Path) -> None:
    write_rule_tables(load_rules(), tmp_path)
    before = (tmp_path / "rules" / "allocation_rules.parquet").read_bytes()
    write_rule_tables(load_rules(written(tmp_path, MINIMAL)), tmp_path)
    assert (tmp_path / "rules" / "allocation_rules.parquet").read_bytes() != before
    assert sorted(path.name for path in (tmp_path / "rules").iterdir()) == [
        "allocation_rules.parquet",
        "owner_keys.parquet",
        "settings.parquet",
    ]


def ruled(*rules: str) -> str:
    return "version: 1\nrules:\n" + "".join(f"  - {{{rule}}}\n" for rule in rules)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("name: a, driver: jobs", ["line 3", "takes the charges of a pool or of a selection"]),
        ("name: a, driver: jobs, select: {ServiceName: X}", ["line 3", "without service", "of: {service"]),
        ("name: a, driver: jobs, select: {Service: X}, of: {service: x}", ["select.Service", "not a column", "SubAcc"]),
        ("name: a, driver: jobs, select: {SkuId: 12}, of: {service: x}", ["select.SkuId", "12 is no text", "quotes"]),
        ("name: a, driver: jobs, select: {SkuId: {like: x}}, of: {service: x}", ["like", "unknown key", "starts_with"]),
        ("name: a, driver: jobs, select: {SkuId: {matches: '('}}, of: {service: x}", ["no regular expression"]),
        ("name: a, driver: jobs, tags: {app: {matches: '^(?!prod).*'}}, of: {service: x}", ["RE2", "(?!", "not_in"]),
        ("name: a, driver: jobs, select: {SkuId: ''}, of: {service: x}", ["empty text", "exists: false"]),
        ("name: a, driver: jobs, select: {SkuId: {contains: ['']}}, of: {service: x}", ["empty text"]),
        (
            "name: a, driver: cost, select: {ChargeCategory: [Credit, tax]}",
            ["line 3", "ChargeCategory is never 'tax'", "letter for letter", "Usage, Purchase, Tax"],
        ),
        ("name: a, driver: direct, select: {SubAccountId: }, owner: {team: x}", ["SubAccountId", "selects nothing"]),
        ("name: a, driver: direct, tags: {app: {contains: null}}, owner: {team: x}", ["operator without a value"]),
        ("name: a, driver: jobs, select: {SkuId: []}, of: {service: x}", ["selects nothing"]),
        ("name: a, driver: jobs, tags: {app: x}, of: {pool: x}", ["has no key 'pool'", "allowed: service"]),
        ("name: a, driver: tokens, tags: {app: x}, by: {model_name: Model}", ["'Model' is not a column"]),
        ("name: a, driver: direct, tags: {app: x}", ["whose it is", "owner: {team"]),
        ("name: a, driver: direct, tags: {app: x}, owner: {customer: x}", ["'customer' is not allowed", "'team'"]),
        ("name: a, driver: gpu_hours, tags: {app: x}", ["needs pool: gpu_cluster"]),
        ("name: a, pool: gpu_cluster, driver: gpu_hours, idle: owner", ["idle: owner", "owner: {team"]),
        ("name: a, pool: bucket, driver: storage_bytes, idle: spread", ["idle is a matter of gpu_hours"]),
        ("name: a, pool: bucket, driver: storage_bytes, alternative: peak", ["alternative is a matter of gpu_hours"]),
        (
            "name: a, pool: bucket, driver: storage_bytes, commitment_benefit: spread",
            ["commitment_benefit is a matter of gpu_hours and direct costs"],
        ),
        ("name: a, driver: fixed, tags: {app: x}", ["fixed needs them"]),
        (
            "name: a, driver: fixed, tags: {app: x}, shares: [{consumer: {team: x}, percent: 99.5}]",
            ["sum to 99.5 percent", "expected 100"],
        ),
        ("name: a, driver: cost, tags: {app: x}, within: [ResourceId]", ["within.0", "cannot bound", "SubAccountId"]),
        ("name: a, driver: cost, tags: {app: x}, step: usage", ["allowed: overhead"]),
        ("name: a, driver: api_calls, tags: {app: x}, of: {service: x}, step: service", ["service: NAME"]),
        (
            "name: a, driver: jobs, tags: {app: x}, of: {service: x}, from: 2026-10-02, to: 2026-10-02",
            ["from 2026-10-02 is not before to 2026-10-02"],
        ),
        ("name: a, driver: jobs, tags: {app: x}, of: {service: x}, window: week", ["window", "'week'", "'month'"]),
        ("name: a, driver: jobs, tags: {app: x}, of: {service: x}, window: hour", ["are days", "finer than they are"]),
        ("name: a, pool: gpu_cluster, driver: gpu_hours, window: month", ["of the day or the hour"]),
        ("name: a, driver: requests, tags: {app: x}, service: x, window: hour", ["by the day or the month"]),
        ("name: a, pool: bucket, driver: storage_bytes, window: day", ["takes its window from the charge"]),
        ("name: a, pool: gpu_cluster, driver: gpu_hours, basis: used, unused: shown", ["basis requested or max"]),
        ("name: a, driver: tokens, tags: {app: x}, weights: {output: -1}", ["weights.output", "greater than or equal"]),
        ("name: a, driver: tokens, tags: {app: x}, weights: {writing: 4}", ["'writing'", "allowed: input, output"]),
        ("name: a, driver: requests, tags: {app: x}, weights: {output: 4}", ["gpu_hours and tokens", "has none"]),
        ("name: a, pool: gpu_cluster, driver: gpu_hours, weights: {cpu: 1}", ["need gpu: N above 0"]),
        ("name: a, pool: gpu_cluster, driver: gpu_hours, model_weights: {m: {gpu: 1}}", ["a matter of tokens"]),
    ],
)
def test_a_rule_that_does_not_fit_together_is_refused_in_words(tmp_path: Path, rule: str, expected: list[str]) -> None:
    message = refusal(tmp_path, ruled(rule))
    assert "allocation.yaml, line 3: rules.0" in message
    for part in expected:
        assert part in message


def test_rules_of_one_pool_may_follow_each_other_when_the_first_leaves_something(tmp_path: Path) -> None:
    gpu = "pool: gpu_cluster, driver: gpu_hours"
    narrowed = ruled(f"name: a, {gpu}, select: {{x_Cluster: lab}}, basis: used", f"name: b, {gpu}")
    dated = ruled(f"name: a, {gpu}, to: 2026-10-15", f"name: b, {gpu}, from: 2026-10-10")
    for text in (narrowed, dated):
        assert len(load_rules(written(tmp_path, text)).rules) == 2
    covered = ruled(f"name: a, {gpu}, from: 2026-10-01", f"name: b, {gpu}, from: 2026-11-01")
    assert "pool 'gpu_cluster' is taken by 2 rules at once" in refusal(tmp_path, covered)


def test_a_shared_service_has_one_rule(tmp_path: Path) -> None:
    rule = "driver: api_calls, tags: {app: x}, of: {service: x}, service: x"
    assert "service 'x' has 2 rules" in refusal(tmp_path, ruled(f"name: a, {rule}", f"name: b, {rule}"))


def test_the_version_of_a_day_covers_the_rules_of_that_day_alone(tmp_path: Path) -> None:
    gpu = "pool: gpu_cluster, driver: gpu_hours"
    before = load_rules(written(tmp_path, ruled(f"name: a, {gpu}")))
    [(only)] = before.periods
    after = load_rules(written(tmp_path, ruled(f"name: a, {gpu}, to: 2026-11-01", f"name: b, {gpu}, from: 2026-11-01")))
    october, november = after.periods
    assert (october.valid_from, october.valid_to, november.valid_to) == (None, date(2026, 11, 1), None)
    assert october.rule_version == only.rule_version != november.rule_version
    assert before.rule_version != after.rule_version


def test_selections_are_landed_with_the_columns_of_the_charges(tmp_path: Path) -> None:
    rule = (
        "name: a, driver: tokens, by: {model_name: x_ModelId},"
        " select: {ServiceName: [A, B], SubAccountId: {starts_with: '0', not_in: '01'}},"
        " tags: {'App.Name': {exists: true}}"
    )
    write_rule_tables(load_rules(written(tmp_path, ruled(rule))), tmp_path)
    [row] = pq.read_table(tmp_path / "rules" / "allocation_rules.parquet").to_pylist()
    assert json.loads(row["conditions"]) == [
        {"column": "service_name", "tag": None, "operator": "in", "value": ["A", "B"]},
        {"column": "sub_account_id", "tag": None, "operator": "not_in", "value": ["01"]},
        {"column": "sub_account_id", "tag": None, "operator": "starts_with", "value": ["0"]},
        {"column": None, "tag": "appname", "operator": "exists", "value": True},
    ]
    assert json.loads(row["driver_by"]) == {"model_name": "model_id"}


def test_weights_are_landed_in_millionths_and_models_by_their_lower_case_names(tmp_path: Path) -> None:
    rule = "name: a, driver: tokens, tags: {app: x}, weights: {cached_input: 0.1}, model_weights: {Big-1: {output: 5}}"
    write_rule_tables(load_rules(written(tmp_path, ruled(rule))), tmp_path)
    [row] = pq.read_table(tmp_path / "rules" / "allocation_rules.parquet").to_pylist()
    assert json.loads(row["weights"]) == {"cached_input": 100_000}
    assert json.loads(row["model_weights"]) == {"big-1": {"output": 5_000_000}}


def test_every_column_to_select_by_is_published_and_comes_from_the_charges() -> None:
    mart = (DBT_PROJECT_DIR / "models" / "marts" / "cost" / "focus_cost_and_usage.sql").read_text(encoding="utf-8")
    published = dict(re.findall(r"^    ((?:.|\n)+?) as (\w+),?$", mart, re.MULTILINE))
    sources = {name: source for source, name in published.items()}
    for name in SELECTABLE:
        assert charge_column(name) in sources[name], name
    assert set(POOL_FACTS) <= set(SELECTABLE)


def test_the_keys_of_every_feed_are_columns_of_its_kind() -> None:
    kinds = {"memory_gib_hours": "compute_hours", "requests": "inference", "gpu_seconds": "inference"}
    for driver, feed in FEEDS.items():
        columns = {column.name for column in USAGE_KINDS[kinds.get(driver, driver)]}
        assert set(feed.keys) <= columns, driver
        assert set(feed.required) <= set(feed.keys), driver
        assert feed.has_intervals == ("usage_start" in columns), driver
