"""`finops.yaml`: what is accepted, and that every fault is told with its key, its line and what is allowed."""

from pathlib import Path

import pytest

from finops_pipeline.config import SHIPPED_ALLOCATION_RULES, load_config
from finops_pipeline.errors import ConfigurationError

COMPLETE = """\
version: 1
reporting_currency: EUR
sources:
  - name: aws-payer
    provider: aws
    dataset: cur2
    uri: file:///exports/acme-billing/cur2/finops-cur2
  - name: gcp-main
    provider: gcp
    dataset: detailed
    uri: file:///exports/billing/gcp_billing_export_resource_v1_01AB_02
  - name: azure-ea
    provider: azure
    dataset: cost_details
    uri: file:///exports/billing/exports/actual
    amortized_uri: file:///exports/billing/exports/amortized
fx_rates: file:///exports/rates.csv
usage:
  - name: gpu-pods
    kind: gpu_hours
    uri: file:///usage/gpu/*.csv
"""
ONE_SOURCE = "version: 1\nsources:\n  - {name: a, provider: aws, dataset: cur2, uri: 'file:///x/y'}\n"


def write(folder: Path, text: str) -> Path:
    path = folder / "finops.yaml"
    path.write_text(text)
    return path


def told(folder: Path, text: str) -> str:
    with pytest.raises(ConfigurationError) as error:
        load_config(write(folder, text))
    assert error.value.exit_code == 2
    return str(error.value)


def test_a_complete_configuration_is_read(tmp_path: Path):
    config = load_config(write(tmp_path, COMPLETE))

    assert config.reporting_currency == "EUR"
    assert [(source.name, source.table) for source in config.sources] == [
        ("aws-payer", "aws_cur2"),
        ("gcp-main", "gcp_detailed"),
        ("azure-ea", "azure_cost_details"),
    ]
    assert config.sources[2].amortized_uri == "file:///exports/billing/exports/amortized"
    assert config.fx_rates == "file:///exports/rates.csv"
    assert [(feed.name, feed.kind, feed.uri) for feed in config.usage] == [
        ("gpu-pods", "gpu_hours", "file:///usage/gpu/*.csv")
    ]


def test_the_reporting_currency_is_dollars_when_none_is_named(tmp_path: Path):
    assert load_config(write(tmp_path, ONE_SOURCE)).reporting_currency == "USD"


def test_a_path_without_scheme_is_relative_to_the_configuration_and_not_to_the_shell(tmp_path: Path):
    config = load_config(write(tmp_path, ONE_SOURCE.replace("file:///x/y", "exports/cur2")))

    assert config.sources[0].uri == f"file://{tmp_path}/exports/cur2"


def test_a_percent_sign_in_a_folder_survives(tmp_path: Path):
    from finops_pipeline.uris import local_path

    config = load_config(write(tmp_path, ONE_SOURCE.replace("/x/y", "/x/100%25 sure")))

    assert local_path(config.sources[0].uri) == Path("/x/100% sure")


def test_every_fault_is_told_at_once_with_key_line_value_and_what_is_allowed(tmp_path: Path):
    message = told(
        tmp_path,
        """\
version: 2
reporting_currency: usd
sources:
  - name: AWS Payer
    provider: amazon
    dataset: cur2
    uri: file:///x
  - name: gcp
    provider: gcp
    dataset: cur2
    uri: file:///y
  - name: gcp
    provider: azure
    dataset: cost_details
    uri: https://example.com/x
usage:
  - name: pods
    kind: gpu_days
    uri: file:///u/*.csv
    every: day
""",
    )
    for line in (
        "version (line 1) is 2; allowed: 1.",
        "reporting_currency (line 2) is 'usd'; expected a three-letter code such as USD.",
        "sources[0].name (line 4) is 'AWS Payer'; expected lower-case letters, digits and '-'.",
        "sources[0].provider (line 5) is 'amazon'; allowed: 'aws', 'gcp', 'azure', 'other'.",
        "sources[1].dataset (line 10) is 'cur2'; allowed for gcp: detailed, standard, focus.",
        "sources[2].name (line 12) is 'gcp', which sources[1].name has already; names are unique.",
        "sources[2].uri (line 15) is 'https://example.com/x'; allowed: file:///absolute/folder, az://account/container/root/export.",
        "usage[0].every (line 20) is not a known key; allowed: name, kind, uri.",
    ):
        assert line in message
    assert "usage[0].kind (line 18) is 'gpu_days'; allowed: 'gpu_hours', 'gpu_capacity'" in message
    assert message.startswith(f"{tmp_path}/finops.yaml has 9 problems:")


@pytest.mark.parametrize(
    ("provider", "dataset", "table"),
    [
        ("aws", "focus", "aws_focus"),
        ("gcp", "standard", "gcp_standard"),
        ("gcp", "focus", "gcp_focus"),
        ("azure", "focus", "azure_focus"),
        ("other", "focus, vendor: gpu-cloud", "other_focus"),
    ],
)
def test_every_dataset_of_the_contract_has_a_landed_table(tmp_path: Path, provider: str, dataset: str, table: str):
    text = ONE_SOURCE.replace("provider: aws, dataset: cur2", f"provider: {provider}, dataset: {dataset}")

    [source] = load_config(write(tmp_path, text)).sources
    assert source.table == table


@pytest.mark.parametrize(
    ("provider", "dataset", "uri"),
    [
        ("aws", "cur2", "s3://bucket/cur2/export"),
        ("aws", "cur1", "s3://bucket//a-legacy-report-without-prefix"),
        ("gcp", "detailed", "bigquery://project/dataset/table"),
        ("azure", "cost_details", "az://account/container/root/export"),
    ],
)
def test_a_cloud_uri_is_kept_as_it_is(tmp_path: Path, provider: str, dataset: str, uri: str):
    text = ONE_SOURCE.replace("provider: aws, dataset: cur2", f"provider: {provider}, dataset: {dataset}")

    assert load_config(write(tmp_path, text.replace("file:///x/y", uri))).sources[0].uri == uri


@pytest.mark.parametrize(
    ("provider", "dataset", "uri", "expected"),
    [
        ("aws", "cur2", "s3://bucket", "s3://bucket/prefix/export"),
        ("aws", "cur2", "s3://bucket/../other/export", "s3://bucket/prefix/export"),
        ("aws", "cur2", "s3://bucket//export", "s3://bucket/prefix/export"),
        ("aws", "cur2", "az://account/container/export", "s3://bucket/prefix/export"),
        ("gcp", "detailed", "bigquery://project/dataset", "bigquery://project/dataset/table"),
        ("gcp", "detailed", "bigquery://project/dataset/table;drop", "bigquery://project/dataset/table"),
        ("azure", "cost_details", "az://account/container", "az://account/container/root/export"),
    ],
)
def test_a_cloud_uri_that_names_no_export_is_refused_with_the_form_that_does(
    tmp_path: Path, provider: str, dataset: str, uri: str, expected: str
):
    text = ONE_SOURCE.replace("provider: aws, dataset: cur2", f"provider: {provider}, dataset: {dataset}")
    message = told(tmp_path, text.replace("file:///x/y", uri))

    assert f"sources[0].uri (line 3) is '{uri}'" in message
    assert expected in message


@pytest.mark.parametrize("uri", [" s3://bucket/prefix/export", "s3://bucket/prefix/export ", "/exports/cur2 "])
def test_blanks_around_a_uri_are_told_and_are_no_folder_of_that_name(tmp_path: Path, uri: str):
    assert f"sources[0].uri (line 3) is {uri!r}; remove the blanks around it" in told(
        tmp_path, ONE_SOURCE.replace("file:///x/y", uri)
    )


def test_a_file_uri_with_two_slashes_is_refused_with_the_form_that_works(tmp_path: Path):
    assert "expected three slashes and an absolute path" in told(
        tmp_path, ONE_SOURCE.replace("file:///x/y", "file://x/y")
    )


@pytest.mark.parametrize("sources", ["", "sources: []\n", "sources:\n"])
def test_no_source_at_all_is_refused(tmp_path: Path, sources: str):
    assert "sources" in told(tmp_path, "version: 1\n" + sources)


def test_a_missing_file_says_how_to_name_one(tmp_path: Path):
    with pytest.raises(ConfigurationError, match=r"does not exist.*--config or FINOPS_CONFIG"):
        load_config(tmp_path / "nowhere.yaml")


def test_a_file_that_is_no_yaml_is_told_with_the_line(tmp_path: Path):
    assert "is not YAML at line 3" in told(tmp_path, "version: 1\nsources: [unclosed\n")


def test_a_list_at_the_top_is_refused(tmp_path: Path):
    assert "holds list at its top level" in told(tmp_path, "- version: 1\n")


def test_a_key_that_stands_twice_is_refused_because_one_of_them_would_be_lost(tmp_path: Path):
    assert "sources (line 4) stands twice" in told(tmp_path, ONE_SOURCE + "sources: []\n")


@pytest.mark.parametrize("key", ["aws_secret_access_key", "password", "sas_token", "connection_string", "apiKey"])
def test_a_credential_is_refused_without_being_shown(tmp_path: Path, key: str):
    message = told(tmp_path, ONE_SOURCE + f"{key}: canary-9f2c\n")

    assert f"{key} (line 4) looks like a credential" in message
    assert "canary-9f2c" not in message


@pytest.mark.parametrize("uri", ["az://user:canary-9f2c@host/x", "https://h/x?sv=1&sig=canary-9f2c"])
def test_a_uri_that_carries_a_credential_is_refused_without_being_shown(tmp_path: Path, uri: str):
    message = told(tmp_path, ONE_SOURCE.replace("file:///x/y", uri))

    assert "carries a credential" in message
    assert "canary-9f2c" not in message


def test_amortized_uri_belongs_to_azure_cost_details_alone(tmp_path: Path):
    text = ONE_SOURCE.replace("uri:", "amortized_uri: 'file:///z', uri:")

    assert "sources[0].amortized_uri (line 3) belongs to azure cost_details only" in told(tmp_path, text)


def test_allocation_rules_are_those_named_else_those_beside_else_the_shipped_ones(tmp_path: Path):
    path = write(tmp_path, ONE_SOURCE)
    assert load_config(path).allocation_path == SHIPPED_ALLOCATION_RULES

    (tmp_path / "allocation.yaml").write_text("version: 1\n")
    assert load_config(path).allocation_path == tmp_path / "allocation.yaml"

    (tmp_path / "rules.yaml").write_text("version: 1\n")
    write(tmp_path, ONE_SOURCE + "allocation: rules.yaml\n")
    assert load_config(path).allocation_path == tmp_path / "rules.yaml"


def test_allocation_rules_that_do_not_exist_are_refused(tmp_path: Path):
    assert "allocation (line 4) names 'rules.yaml', which is no file" in told(
        tmp_path, ONE_SOURCE + "allocation: rules.yaml\n"
    )


@pytest.mark.parametrize("uri", ["file:///x/y/", "/x/y", "file:///x//z/../y", "linked"])
def test_one_export_under_two_names_is_refused_because_its_bill_would_count_twice(tmp_path: Path, uri: str):
    (tmp_path / "linked").symlink_to("/x/y")

    message = told(tmp_path, ONE_SOURCE + f"  - {{name: b, provider: aws, dataset: cur2, uri: '{uri}'}}\n")

    assert "sources[1].uri" in message
    assert "which sources[0].uri is already; its bill would count twice" in message


def test_an_export_that_is_the_amortized_one_of_another_source_is_refused(tmp_path: Path):
    entry = "  - {name: b, provider: azure, dataset: cost_details, uri: 'file:///exports/billing/exports/amortized'}\n"

    message = told(tmp_path, COMPLETE.replace("fx_rates", entry + "fx_rates"))

    assert "sources[3].uri" in message
    assert "which sources[2].amortized_uri is already; its bill would count twice" in message


def test_two_feeds_of_a_kind_with_the_same_files_are_refused_and_two_kinds_may_share_them(tmp_path: Path):
    again = "  - {name: b, kind: gpu_hours, uri: '/usage/gpu/*.csv'}\n"
    other = "  - {name: c, kind: gpu_capacity, uri: 'file:///usage/gpu/*.csv'}\n"

    message = told(tmp_path, COMPLETE + again + other)

    assert "usage[1].uri (line 22) is '/usage/gpu/*.csv', which usage[0].uri is already; its rows" in message
    assert "1 problem" in message
