"""Reading `allocation.yaml`: the company's file over the shipped one, and mistakes as messages that name the line."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import yaml
from pydantic import BaseModel, ValidationError

from finops_pipeline.config_yaml import Loader
from finops_pipeline.errors import ConfigurationError
from finops_pipeline.rules.rule import FixedShare, Rule
from finops_pipeline.rules.ruleset import AllocationRules
from finops_pipeline.rules.selection import Condition

DEFAULT_RULES = Path(__file__).parent.with_name("allocation.yaml")
"""The rules that hold where the company wrote none."""

_Path = tuple[str | int, ...]


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
        document = yaml.load(text, Loader)
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
    models: dict[str, type[BaseModel]] = {"select": Condition, "tags": Condition, "shares": FixedShare}
    if location[:1] != ("rules",):
        model: type[BaseModel] = AllocationRules
    else:
        model = models.get(str(location[2]), Rule) if len(location) > 3 else Rule
    return [field.alias or name for name, field in model.model_fields.items()]
