"""A dbt model's SQL with the project's macros written out, without dbt and without a database.

For documents generated from the models: a select list that a macro writes is read as it is executed. What only a run
knows (a landed file's columns, kept months) is as when dbt parses.
"""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jinja2

from finops_pipeline.settings import DBT_PROJECT_DIR

_MACRO = re.compile(r"\{%-?\s*macro\s+(\w+)")
# dbt's own statement, and no part of a model
_MATERIALIZATION = re.compile(r"\{% materialization.*?endmaterialization %\}", re.DOTALL)


class _Returned(Exception):  # noqa: N818 - no error
    """What a macro gives back by `return`, which is no text."""

    def __init__(self, value: Any):
        self.value = value


def expanded_sql(path: Path) -> str:
    """The text of one model file, its macros written out."""
    return _environment().from_string(path.read_text(encoding="utf-8")).render()


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(extensions=["jinja2.ext.do"], undefined=jinja2.ChainableUndefined)
    macros: dict[str, Callable[..., Any]] = {}

    def dispatch(name: str, *_: Any) -> Callable[..., Any]:
        return environment.globals[f"default__{name}"]

    def returned(value: Any) -> None:
        raise _Returned(value)

    environment.globals |= {
        "execute": False,
        "return": returned,
        "adapter": SimpleNamespace(dispatch=dispatch, quote='"{}"'.format, get_relation=lambda *_, **__: None),
        "ref": lambda name: name,
        "source": lambda _, table: table,
        "config": lambda **_: "",
        "env_var": lambda _, default="": default,
        "run_query": lambda _: SimpleNamespace(rows=[]),
    }
    files = sorted((DBT_PROJECT_DIR / "macros").glob("*.sql"))
    texts = [_MATERIALIZATION.sub("", file.read_text(encoding="utf-8")) for file in files]
    # A macro sees the names that are there when its file is read, so all are named before any is there.
    names = [name for text in texts for name in _MACRO.findall(text)]
    environment.globals |= {name: _called(macros, name) for name in names}
    for text in texts:
        found = vars(environment.from_string(text).module)
        macros |= {name: found[name] for name in _MACRO.findall(text)}
    return environment


def _called(macros: dict[str, Callable[..., Any]], name: str) -> Callable[..., Any]:
    def called(*args: Any, **kwargs: Any) -> Any:
        try:
            return macros[name](*args, **kwargs)
        except _Returned as returned:
            return returned.value

    return called
