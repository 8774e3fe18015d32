"""`docs/columns.md`: every column of every published table, from the YAML and SQL of the dbt project.

Generated, never written by hand: `python -m finops_pipeline.column_docs` writes it, a test holds it to the project.
"""

import re
from pathlib import Path

import yaml

from finops_pipeline.expanded_sql import expanded_sql
from finops_pipeline.settings import DBT_PROJECT_DIR, PROJECT_ROOT

DOCUMENT = PROJECT_ROOT / "docs" / "columns.md"
MARTS = DBT_PROJECT_DIR / "models" / "marts"

_UNITS = (
    (re.compile(r"(^x_.*Reporting$|_reporting$)"), "reporting currency"),
    (re.compile(r"PricingCurrency.*(Cost|Price)$"), "pricing currency"),
    (re.compile(r"(Cost|UnitPrice)$|(^|_)cost($|_)|_cost$|_difference$"), "billing currency"),
    (re.compile(r"GpuHours$|gpu_hours"), "GPU-hours"),
    (re.compile(r"ByteHours$|byte_hours"), "byte-hours"),
    (re.compile(r"TokenCount$|_tokens$"), "tokens"),
    (re.compile(r"_percent$"), "percent"),
    (re.compile(r"gpu_seconds"), "seconds"),
)
_TYPE_UNITS = {"timestamp": "UTC", "date": "UTC day"}
_SELECTED = re.compile(r"^(?P<expression>.+?)(?: as (?P<name>\w+))?$", re.DOTALL)


def column_docs() -> str:
    """The whole document: a section a table, a row a column."""
    sections = [
        "# Columns of the published tables",
        "Generated from the dbt project by `python -m finops_pipeline.column_docs`. A number without unit is a count or"
        " a ratio; the source is the expression of the model's last step.",
    ]
    for model in _models():
        sources = _sources(model["name"])
        lines = [
            f"## {model['name']}",
            " ".join(model["description"].split()),
            "",
            "| column | type | unit | meaning | source |",
            "|---|---|---|---|---|",
        ]
        for column in model.get("columns", []):
            name, type_ = column["name"], str(column.get("data_type", "")).replace(" ", "")
            source = sources.get(name.lower(), "")
            cells = [f"`{name}`", type_, _unit(name, type_), column.get("description", ""), source and f"`{source}`"]
            lines.append("| " + " | ".join(" ".join(str(cell).split()).replace("|", "\\|") for cell in cells) + " |")
        sections.append("\n".join(lines))
    return "\n\n".join(sections) + "\n"


def _models() -> list[dict]:
    files = sorted(MARTS.rglob("*.yml"))
    models = [model for file in files for model in yaml.safe_load(file.read_text(encoding="utf-8")).get("models", [])]
    return sorted(models, key=lambda model: model["name"])


def _unit(name: str, type_: str) -> str:
    if type_.startswith("decimal") or type_ in ("", "double"):
        return next((unit for pattern, unit in _UNITS if pattern.search(name)), "")
    return _TYPE_UNITS.get(type_, "")


def _sources(model: str) -> dict[str, str]:
    """Column to expression of the last `select` that names columns: what the published value is made of.

    As the file has it, for its macros are named for what they do; what only a macro names, as the macro writes it.
    """
    path = next(MARTS.rglob(f"{model}.sql"), Path())
    if not path.is_file():
        return {}
    found = _selected(expanded_sql(path)) | _selected(path.read_text(encoding="utf-8"))
    return {name: text if len(text) <= 160 else f"{text[:157]}..." for name, text in found.items()}


def _selected(text: str) -> dict[str, str]:
    # Comments name no column, and what imports a whole model has its `from` on the same line.
    text = re.sub(r"\{#.*?#\}|--[^\n]*|select \* from[^\n]*", "", text, flags=re.DOTALL)
    found: dict[str, str] = {}
    for selected in re.findall(r"\bselect\b(.*?)\n\s*from\b", text, flags=re.DOTALL):
        columns = {}
        for item in _items(selected):
            match = _SELECTED.match(" ".join(item.split()))
            if match:
                expression = match["expression"]
                columns[(match["name"] or expression.rpartition(".")[2]).lower()] = expression
        found |= columns
    return found


def _items(selected: str) -> list[str]:
    """The items of a select list: cut at commas outside of any bracket."""
    items, depth, start = [], 0, 0
    for place, char in enumerate(selected):
        depth += (char in "([{") - (char in ")]}")
        if char == "," and depth == 0:
            items.append(selected[start:place])
            start = place + 1
    return [item for item in [*items, selected[start:]] if item.strip()]


if __name__ == "__main__":
    DOCUMENT.write_text(column_docs(), encoding="utf-8")
