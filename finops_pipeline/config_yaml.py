"""Reading a YAML configuration so that faults can be told by key and line.

Knows YAML and how to word a list of faults; what the keys mean is in `config.py`.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from finops_pipeline.errors import ConfigurationError

KeyPath = tuple[str | int, ...]
_SECRET_WORDS = re.compile(
    r"secret|passw|token|credential|api_?key|access_?key|account_?key|private_?key|connection_?string|\bsas\b|webhook",
    re.I,
)


@dataclass(frozen=True)
class Problem:
    """One fault: where, and in words what is wrong and what is allowed."""

    place: KeyPath
    message: str


@dataclass(frozen=True)
class Document:
    """A parsed YAML file with the line (from 1) each key stands on."""

    value: Any
    lines: dict[KeyPath, int]


def looks_like_a_secret(key: str) -> bool:
    """Whether a key's name says that its value is a credential."""
    return _SECRET_WORDS.search(key) is not None


def key_text(place: KeyPath) -> str:
    """`sources[1].dataset` for ("sources", 1, "dataset")."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return text.removeprefix(".") or "the file"


def explain(path: Path, problems: list[Problem], document: Document) -> str:
    """One message with every problem, in the order of the file."""

    def line(place: KeyPath) -> int:
        while place and place not in document.lines:
            place = place[:-1]
        return document.lines.get(place, 0)

    unique = list(dict.fromkeys(problems))
    unique.sort(key=lambda problem: line(problem.place))
    told = [
        f"  {key_text(problem.place)}{f' (line {line(problem.place)})' if line(problem.place) else ''}"
        f" {problem.message}."
        for problem in unique
    ]
    return "\n".join([f"{path} has {len(told)} problem{'s' if len(told) != 1 else ''}:", *told])


class Loader(yaml.SafeLoader):
    """A date that no calendar has stays text, as 2026-13 does: the model says what it should be."""

    def construct_yaml_timestamp(self, node: Any) -> Any:
        """The date, or what stands there."""
        try:
            return super().construct_yaml_timestamp(node)
        except ValueError:
            return node.value


Loader.add_constructor("tag:yaml.org,2002:timestamp", Loader.construct_yaml_timestamp)


def read_yaml(path: Path) -> Document:
    """Parse a YAML file, refusing keys given twice (YAML would silently keep the last).

    Raises:
        ConfigurationError: missing, unreadable, not YAML, or a key stands twice.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise ConfigurationError(
            f"{path} does not exist. Name the configuration with --config or FINOPS_CONFIG, or make a sample company"
            " with `finops sample DIR`."
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}.") from error
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        value = yaml.load(text, Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise ConfigurationError(f"{path} is not YAML{where}: {getattr(error, 'problem', error)}.") from error
    lines: dict[KeyPath, int] = {}
    repeated: list[Problem] = []
    _walk(node, (), lines, repeated)
    document = Document(value, lines)
    if repeated:
        raise ConfigurationError(explain(path, repeated, document))
    return document


def _walk(node: yaml.Node | None, place: KeyPath, lines: dict[KeyPath, int], repeated: list[Problem]) -> None:
    if isinstance(node, yaml.MappingNode):
        for key_node, value_node in node.value:
            inner = (*place, str(key_node.value))
            if inner in lines:
                repeated.append(Problem(inner, "stands twice; keep one of them"))
            lines[inner] = key_node.start_mark.line + 1
            _walk(value_node, inner, lines, repeated)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            lines[(*place, index)] = item.start_mark.line + 1
            _walk(item, (*place, index), lines, repeated)
