"""The allocation rules: `allocation.yaml` as a typed model, and the small tables that dbt reads them from.

What a rule *does* is SQL (`dbt_project/models/intermediate/allocate`); this module only says what may be written in
the file, turns mistakes into messages that name the line, and lands the rules. `finops.yaml` is read elsewhere
(`config.py`).
"""

import hashlib
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol, runtime_checkable

import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from finops_pipeline.errors import ConfigurationError

DEFAULT_RULES = Path(__file__).with_name("allocation.yaml")
"""The rules that hold where the company wrote none."""

OwnerColumn = Literal[
    "team",
    "project",
    "environment",
    "model_name",
    "workload_type",
    "business_unit",
    "owner",
    "cost_center",
    "dataset",
    "cluster",
    "node_pool",
]
"""The columns a tag can fill: owners, and the two that name the shared machine a charge pays for."""

PoolKind = Literal["gpu_cluster", "bucket", "owner"]

DRIVERS_OF_POOL: dict[str, tuple[str, ...]] = {
    "gpu_cluster": ("gpu_hours",),
    "bucket": ("storage_bytes",),
    "owner": ("direct",),
}
"""Which driver can split which kind of pool."""

_Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$")]
_TagKey = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
_Path = tuple[str | int, ...]


class Rule(BaseModel):
    """One rule: a kind of pool, the driver that splits it, and how a driver with two readings is read."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: _Name
    pool: PoolKind
    driver: Literal["gpu_hours", "storage_bytes", "direct"]
    basis: Literal["requested", "used", "max"] = "requested"

    @model_validator(mode="after")
    def _driver_fits_pool(self) -> "Rule":
        allowed = DRIVERS_OF_POOL[self.pool]
        if self.driver not in allowed:
            raise ValueError(f"driver {self.driver!r} cannot split a {self.pool} pool; allowed: {', '.join(allowed)}")
        if self.driver != "gpu_hours" and "basis" in self.model_fields_set:
            raise ValueError(f"basis is a matter of gpu_hours; remove it from a rule with driver {self.driver}")
        return self


class AllocationRules(BaseModel):
    """The rules in force and the currency that reports are read in."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal[1]
    owner_tags: dict[OwnerColumn, list[_TagKey]]
    rules: Annotated[list[Rule], Field(min_length=1)]
    # Not part of the file: it comes from finops.yaml and travels with the rules to the tables dbt reads.
    _reporting_currency: str = PrivateAttr(default="USD")

    @field_validator("rules")
    @classmethod
    def _names_and_pools_are_unique(cls, rules: list[Rule]) -> list[Rule]:
        names = [rule.name for rule in rules]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"rule name {name!r} is used {names.count(name)} times; rule names are unique")
        pools = [rule.pool for rule in rules]
        for pool in pools:
            if pools.count(pool) > 1:
                raise ValueError(
                    f"pool {pool!r} is taken by {pools.count(pool)} rules; the first takes every charge of it, "
                    "so keep one"
                )
        return rules

    @property
    def reporting_currency(self) -> str:
        """The currency of `…_reporting` columns (ISO 4217)."""
        return self._reporting_currency

    @property
    def rule_version(self) -> str:
        """Twelve hexadecimal digits over the rules' content: comments and layout do not change it."""
        content = {
            "owner_tags": {column: normalized_keys(keys) for column, keys in sorted(self.owner_tags.items())},
            "rules": [rule.model_dump() for rule in self.rules],
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]


@runtime_checkable
class RulesLocation(Protocol):
    """What `load_rules` needs of a configuration."""

    @property
    def allocation_path(self) -> Path | None:
        """The company's allocation.yaml, or None for the shipped rules."""
        ...

    @property
    def reporting_currency(self) -> str:
        """The currency of `…_reporting` columns."""
        ...


def load_rules(location: RulesLocation | Path | None = None) -> AllocationRules:
    """The rules of a configuration, of a file, or (None) the shipped ones.

    Raises:
        ConfigurationError: the file is missing or says something that is not allowed; the message names file and
            line, key, value and what is allowed.
    """
    if location is None or isinstance(location, Path):
        path, currency = location, "USD"
    else:
        path, currency = location.allocation_path, location.reporting_currency
    document, lines = _read(DEFAULT_RULES)
    if path is not None:
        own, lines = _read(path)
        document = _with_defaults(own, document)
    try:
        rules = AllocationRules.model_validate(document)
    except ValidationError as error:
        raise ConfigurationError(_message(path or DEFAULT_RULES, error, lines)) from error
    rules._reporting_currency = currency
    return rules


def normalized_key(key: str) -> str:
    """A tag key as staging compares it: lower case, without separators."""
    return re.sub(r"[-_:./\s]", "", key.lower())


def normalized_keys(keys: list[str]) -> list[str]:
    """Keys in order of priority as staging compares them, each once."""
    return list(dict.fromkeys(normalized_key(key) for key in keys))


def write_rule_tables(rules: AllocationRules, landing: Path) -> None:
    """Land the rules as `rules/{allocation_rules,owner_keys,settings}.parquet`.

    A file is replaced in one step, and only when its content changed: the same rules leave the same bytes and times.
    """
    version = rules.rule_version
    _write(
        landing / "rules" / "allocation_rules.parquet",
        pa.schema(
            [
                ("rule_order", pa.int32()),
                ("rule", pa.string()),
                ("pool_kind", pa.string()),
                ("driver", pa.string()),
                ("basis", pa.string()),
                ("rule_version", pa.string()),
            ]
        ),
        [
            {
                "rule_order": order,
                "rule": rule.name,
                "pool_kind": rule.pool,
                "driver": rule.driver,
                "basis": rule.basis,
                "rule_version": version,
            }
            for order, rule in enumerate(rules.rules, start=1)
        ],
    )
    _write(
        landing / "rules" / "owner_keys.parquet",
        pa.schema([("consumer_column", pa.string()), ("tag_key", pa.string()), ("priority", pa.int32())]),
        [
            {"consumer_column": column, "tag_key": key, "priority": priority}
            for column, keys in sorted(rules.owner_tags.items())
            for priority, key in enumerate(normalized_keys(keys), start=1)
        ],
    )
    _write(
        landing / "rules" / "settings.parquet",
        pa.schema([("reporting_currency", pa.string()), ("rule_version", pa.string())]),
        [{"reporting_currency": rules.reporting_currency, "rule_version": version}],
    )


def _with_defaults(own: Any, default: dict[str, Any]) -> Any:
    """The company's file over the shipped one: by section, and by column inside `owner_tags`."""
    if own is None:
        own = {}
    if not isinstance(own, dict):
        return own
    merged = {**{key: value for key, value in default.items() if key != "version"}, **own}
    if isinstance(own.get("owner_tags"), dict):
        merged["owner_tags"] = {**default["owner_tags"], **own["owner_tags"]}
    return merged


def _read(path: Path) -> tuple[Any, dict[_Path, int]]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"{path}: the allocation rules cannot be read ({error}). "
            "Mend the path or remove it to use the shipped rules."
        ) from error
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{path}: not valid YAML: {error}") from error
    try:
        return document, dict(_lines(node, ())) if node is not None else {(): 1}
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}, {error}") from None


def _lines(node: yaml.Node, path: _Path) -> Iterator[tuple[_Path, int]]:
    """Every key's and item's line, counted from 1, by its path in the document."""
    yield path, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            name, line = str(key.value), key.start_mark.line + 1
            if name in seen:  # YAML readers keep the last one in silence
                raise ConfigurationError(f"line {line}: key {name!r} is written twice; keep one")
            seen.add(name)
            yield from _lines(value, (*path, name))
            yield (*path, name), line
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from _lines(value, (*path, index))


def _message(path: Path, error: ValidationError, lines: dict[_Path, int]) -> str:
    problems = []
    for detail in error.errors():
        location = tuple(part for part in detail["loc"] if part != "[key]")
        line = next(lines[location[:n]] for n in range(len(location), -1, -1) if location[:n] in lines or n == 0)
        key = ".".join(str(part) for part in location) or "the file"
        problems.append(f"{path}, line {line}: {key}: {_what_is_wrong(detail)}")
    return "\n".join(problems)


def _what_is_wrong(detail: Any) -> str:
    kind, value = detail["type"], detail["input"]
    if kind == "literal_error":
        return f"{value!r} is not allowed; allowed: {detail['ctx']['expected']}"
    if kind == "extra_forbidden":
        return f"unknown key (value {value!r}); allowed: {', '.join(_fields_beside(detail['loc']))}"
    if kind == "missing":
        return "this key is missing"
    if kind == "string_pattern_mismatch":
        return f"{value!r} is not allowed; allowed: lower-case letters, digits and hyphens"
    if kind == "model_type":
        return f"{value!r} is not allowed; expected keys and values"
    if kind == "value_error":
        return str(detail["ctx"]["error"])
    return f"{value!r}: {detail['msg']}"


def _fields_beside(location: tuple[str | int, ...]) -> list[str]:
    model = Rule if location[:1] == ("rules",) else AllocationRules
    return list(model.model_fields)


def _write(path: Path, schema: pa.Schema, rows: list[dict[str, Any]]) -> None:
    table = pa.Table.from_pylist(rows, schema=schema)
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    content = sink.getvalue().to_pybytes()
    if path.exists() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    partial.write_bytes(content)
    partial.replace(path)
