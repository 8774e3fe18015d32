"""Faults of side files in words of the file: what stands there and what is allowed. No file is read here."""

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, get_args

from pydantic import BaseModel, BeforeValidator

from finops_pipeline.config_yaml import looks_like_a_secret

Location = tuple[int | str, ...]


def shaped(pattern: str, told: str) -> BeforeValidator:
    """For a text of one shape: who writes another one is told in words which, not by a pattern."""
    shape = re.compile(pattern)

    def check(value: Any) -> str:
        if not isinstance(value, str) or not shape.fullmatch(value):
            raise ValueError(f"is {as_told(value)}; expected {told}")
        return value

    return BeforeValidator(check)


Text = Annotated[str, shaped(r"(?s).*\S.*", "some text; quotes make it one")]
Month = Annotated[str, shaped(r"\d{4}-(0[1-9]|1[0-2])", "a month such as 2026-10")]
Currency = Annotated[str, shaped(r"[A-Z]{3}", "the code of a currency, such as USD")]


def what_is_wrong(item: Any, model: type[BaseModel]) -> str:
    """One of pydantic's errors about a model, as the rest of a sentence that begins with the key."""
    kind, value, context = item["type"], item["input"], item.get("ctx", {})
    if kind == "missing":
        return "is missing; it is required"
    if kind == "extra_forbidden" and looks_like_a_secret(str(item["loc"][-1])):
        return "looks like a credential; secrets come only from the environment. Remove the key, and change the secret"
    if kind in ("extra_forbidden", "invalid_key"):
        return f"is not a known key; allowed: {', '.join(_keys_beside(item['loc'], model))}"
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        # Never the value: a mapping of an unknown kind may hold anything.
        key = context["discriminator"].strip("'")
        told = f"has {key} {context['tag']!r}; allowed: {context['expected_tags']}" if "tag" in context else None
        return told or f"has no {key}; it is required"
    if kind == "literal_error":
        return f"is {as_told(value)}; allowed: {context['expected'].replace(' or ', ', ')}"
    if kind == "value_error":
        return str(context["error"])
    if kind in _EXPECTED:
        return f"is {as_told(value)}; expected {_EXPECTED[kind].format(**context)}"
    return f"is {as_told(value)}: {item['msg']}"


_EXPECTED = {
    "bool_type": "true or false",
    "date_type": "a date such as 2026-12-31, without quotes",
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "int_type": "a whole number",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
    "list_type": "a list",
    "model_type": "keys with values",
    "string_type": "text; quotes make it one",
    "too_short": "at least {min_length} of them",
    "tuple_type": "a list",
}
"""What is wrong in other words than those of a library, for the kinds of fault that people make."""


def as_told(value: Any) -> str:
    """A value as it stands in the file, not as Python holds it."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, Decimal | date) else repr(value)


def _keys_beside(location: Location, model: type[BaseModel]) -> list[str]:
    """The keys that are known where an unknown one stands."""
    models = [model]
    for part in location[:-1]:
        fields = [field for one in models for key, field in _fields(one) if key == part]
        tagged = [one for one in models for _, field in _fields(one) if part in get_args(field.annotation)]
        models = [inner for field in fields for inner in _models_in(field.annotation)] or tagged or models
    return list(dict.fromkeys(key for one in models for key, _ in _fields(one)))


def _fields(model: type[BaseModel]) -> Iterator[tuple[str, Any]]:
    """The keys of a model as a file names them."""
    for name, field in model.model_fields.items():
        alias = field.validation_alias or name
        yield alias if isinstance(alias, str) else str(alias.choices[0]), field  # pyright: ignore[reportAttributeAccessIssue]


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    """The models that a value may be of: itself, or in a list, a union, with conditions."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in get_args(annotation) for model in _models_in(argument)]
