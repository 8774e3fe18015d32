"""The company's tag policy: `tag_policy.yaml` as a typed model, and the small table that dbt reads it from.

Which tags every taggable charge must carry, with which values, who answers for a key, and how many values it may have
before reports drown in it. How far it is kept is SQL (`fct_tag_coverage`). The file is optional: without it coverage is
measured for `team` alone, and no floor is set.
"""

from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import pyarrow as pa
from pydantic import Field

from finops_pipeline.config_yaml import Problem, explain, read_yaml
from finops_pipeline.errors import ConfigurationError
from finops_pipeline.rules import AllocationRules, normalized_key, normalized_keys
from finops_pipeline.rules.ruleset import OwnerColumn
from finops_pipeline.side_files.faults import Text
from finops_pipeline.side_files.reading import SideFileModel, load_side_file, write_side_table

_OWNER_COLUMNS = {normalized_key(column): column for column in get_args(OwnerColumn)}


class TagKey(SideFileModel):
    """One key of the policy."""

    key: Text
    accepts: Annotated[list[str] | None, Field(min_length=1)] = None
    """Spellings that count as the key; by default those of allocation.yaml's owner_tags, else the key alone."""
    is_required: bool = Field(default=True, validation_alias="required")
    values: Annotated[list[str] | None, Field(min_length=1)] = None
    owner: Text | None = None
    max_values: Annotated[int, Field(gt=0)] | None = None
    """How many values the key may have in a month: above it somebody writes free text."""


class TagPolicy(SideFileModel):
    """The whole of `tag_policy.yaml`."""

    version: Literal[1] = 1
    coverage_floor_percent: Annotated[int, Field(ge=0, le=100)] | None = None
    """Percent of taggable cost that every required key must reach."""
    keys: tuple[TagKey, ...] = (TagKey(key="team", required=False),)  # pyright: ignore[reportCallIssue]


def load_tag_policy(configuration: Path) -> TagPolicy:
    """The `tag_policy.yaml` beside a `finops.yaml`; without one only the coverage of `team` is measured.

    Raises:
        ConfigurationError: the file says something that is not allowed; the message names key and line.
    """
    path = configuration.parent / "tag_policy.yaml"
    if not path.is_file():
        return TagPolicy()
    policy = load_side_file(path, TagPolicy, lists=("keys",))
    names = [normalized_keys([entry.key]) for entry in policy.keys]
    problems = [
        Problem(("keys", index, "key"), f"is {entry.key!r}, which is listed before, in this spelling or another")
        for index, entry in enumerate(policy.keys)
        if names[index] in names[:index]
    ]
    if problems:
        raise ConfigurationError(explain(path, problems, read_yaml(path)))
    return policy


def write_tag_policy_table(policy: TagPolicy, rules: AllocationRules, landing: Path) -> None:
    """Land the policy as `rules/tag_policy.parquet`, one row a key; the same policy leaves the same bytes."""
    write_side_table(
        landing / "rules" / "tag_policy.parquet",
        pa.schema(
            [
                ("tag_key", pa.string()),
                ("owner", pa.string()),
                ("is_required", pa.bool_()),
                ("max_values", pa.int32()),
                ("floor_percent", pa.int32()),
                ("accepted_keys", pa.list_(pa.string())),
                ("allowed_values", pa.list_(pa.string())),
            ]
        ),
        [_row(entry, policy, rules) for entry in policy.keys],
    )


def _row(entry: TagKey, policy: TagPolicy, rules: AllocationRules) -> dict[str, Any]:
    spellings = {str(column): keys for column, keys in rules.owner_tags.items()}
    # an owner column is called as the ledger calls it, in whatever capitals and separators: its limit holds there
    key = _OWNER_COLUMNS.get(normalized_key(entry.key), entry.key)
    accepted = entry.accepts or spellings.get(key, [key])
    return {
        "tag_key": key,
        "owner": entry.owner,
        "is_required": entry.is_required,
        "max_values": entry.max_values,
        "floor_percent": policy.coverage_floor_percent if entry.is_required else None,
        "accepted_keys": normalized_keys(accepted),
        "allowed_values": entry.values,
    }
