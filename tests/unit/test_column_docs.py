"""The list of published columns is the project's own, complete, and says what each column is."""

import re

from finops_pipeline.column_docs import DOCUMENT, column_docs
from finops_pipeline.focus import COMPATIBILITY_COLUMNS, COST_AND_USAGE


def _section(document: str, table: str = "focus_cost_and_usage") -> str:
    return document.split(f"\n## {table}\n")[1].split("\n## ")[0]


def test_the_document_is_the_one_the_project_gives():
    assert DOCUMENT.read_text(encoding="utf-8") == column_docs(), "run `python -m finops_pipeline.column_docs`"


def test_every_focus_column_has_meaning_and_source():
    section = _section(column_docs())
    rows = {cells[1].strip("` "): cells for line in section.splitlines() if (cells := re.split(r"(?<!\\)\|", line))[1:]}
    for column in (*COST_AND_USAGE, *COMPATIBILITY_COLUMNS):
        cells = rows[column.name]
        assert cells[4].strip(), f"{column.name} has no meaning"
        assert cells[5].strip(), f"{column.name} has no source"
    assert rows["BilledCost"][3].strip() == "billing currency"
    assert rows["BilledCost"][5].strip() == "`charges.billed_cost`"
    assert rows["x_GpuHours"][3].strip() == "GPU-hours"


def test_no_column_is_without_a_source():
    lines = [line for line in column_docs().splitlines() if line.startswith("| `")]
    assert len(lines) > 500
    assert [line for line in lines if line.endswith("|  |")] == []


def test_a_macro_is_written_out_where_only_it_names_a_column():
    section = _section(column_docs(), "fct_cost_allocations")
    rows = {line.split("`")[1]: line for line in section.splitlines() if line.startswith("| `")}
    assert rows["provider_name"].endswith("when 'azure' then 'Microsoft' else allocations.provider end` |")
    assert rows["reporting_currency"].endswith("`settings.reporting_currency` |")
