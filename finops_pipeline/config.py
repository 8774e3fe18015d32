"""The company's configuration: `finops.yaml` as a typed model, with every fault told at once.

What is configured lives here: sources, usage feeds, currencies. Where data is kept and what time it is comes from
the environment (`settings.py`); allocation rules have a file and a module of their own (`rules/`).
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from finops_pipeline.config_yaml import KeyPath, Problem, explain, key_text, looks_like_a_secret, read_yaml
from finops_pipeline.errors import ConfigurationError
from finops_pipeline.uris import file_uri, is_local, local_path, place_of, uri_problem

SHIPPED_ALLOCATION_RULES = Path(__file__).resolve().parent / "allocation.yaml"
"""The rules used where the company has none of its own."""

SUPPORTED_DATASETS: dict[tuple[str, str], str] = {
    ("aws", "cur2"): "aws_cur2",
    ("aws", "cur1"): "aws_cur1",
    ("aws", "focus"): "aws_focus",
    ("gcp", "detailed"): "gcp_detailed",
    ("gcp", "standard"): "gcp_standard",
    ("gcp", "focus"): "gcp_focus",
    ("azure", "cost_details"): "azure_cost_details",
    ("azure", "focus"): "azure_focus",
    ("other", "focus"): "other_focus",
}
"""What is read: (provider, dataset) to the landed table `raw/<table>`."""

UsageKind = Literal[
    "gpu_hours",
    "gpu_capacity",
    "compute_hours",
    "storage_bytes",
    "storage_access",
    "inference",
    "tokens",
    "training_runs",
    "jobs",
    "api_calls",
    "driver",
    "business_metric",
]
Name = Annotated[str, Field(pattern=r"^[a-z0-9-]+$")]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Source(_Model):
    """One billing export. `uri` points at the export's own folder."""

    name: Name
    provider: Literal["aws", "gcp", "azure", "other"]
    dataset: str
    uri: str
    amortized_uri: str | None = None
    vendor: str | None = None

    @property
    def table(self) -> str:
        """The landed table its rows go to."""
        return SUPPORTED_DATASETS[self.provider, self.dataset]


class UsageFeed(_Model):
    """One feed of cost drivers or business metrics: the files its uri matches."""

    name: Name
    kind: UsageKind
    uri: str


class Config(_Model):
    """The whole of `finops.yaml`. All uris are absolute."""

    version: Literal[1]
    reporting_currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "USD"
    sources: tuple[Source, ...]
    fx_rates: str | None = None
    usage: tuple[UsageFeed, ...] = ()
    allocation: str | None = None
    path: Path = Field(exclude=True)

    @property
    def allocation_path(self) -> Path:
        """The allocation rules: as configured, else `allocation.yaml` beside `finops.yaml`, else the shipped ones."""
        if self.allocation is not None:
            return local_path(self.allocation)
        beside = self.path.parent / "allocation.yaml"
        return beside if beside.is_file() else SHIPPED_ALLOCATION_RULES


def load_config(path: Path) -> Config:
    """Read and check `finops.yaml`.

    Raises:
        ConfigurationError: the file is missing, is not YAML, or holds faults; the message lists every one of them
            with its key, its line, the value and what is allowed. Values of keys that look like secrets are not shown.
    """
    path = path.absolute()
    document = read_yaml(path)
    problems = list(_problems(document.value, path.parent))
    if problems:
        raise ConfigurationError(explain(path, problems, document))
    return Config.model_validate(_tuples(_with_absolute_uris(document.value, path.parent)) | {"path": path})


def _problems(raw: Any, folder: Path) -> Iterator[Problem]:
    if not isinstance(raw, dict):
        yield Problem((), f"holds {type(raw).__name__} at its top level; expected keys such as version and sources")
        return
    yield from _model_problems(raw)
    sources, feeds = raw.get("sources"), raw.get("usage")
    if "sources" in raw and not sources:
        yield Problem(("sources",), "lists no source; at least one billing export is needed")
    for index, source in _entries(sources):
        yield from _source_problems(("sources", index), source, folder)
    for index, feed in _entries(feeds):
        yield from _uri_problems((*("usage", index), "uri"), feed.get("uri"), folder, cloud=("s3", "az"))
    for key in ("fx_rates", "allocation"):
        yield from _uri_problems((key,), raw.get(key), folder)
    allocation = raw.get("allocation")
    if (
        isinstance(allocation, str)
        and not uri_problem(allocation, folder)
        and not local_path(allocation, folder).is_file()
    ):
        yield Problem(("allocation",), f"names {allocation!r}, which is no file")
    yield from _duplicate_names("sources", sources)
    yield from _read_twice("sources", sources, folder, "bill")
    yield from _duplicate_names("usage", feeds)
    yield from _read_twice("usage", feeds, folder, "rows")


def _model_problems(raw: dict[str, Any]) -> Iterator[Problem]:
    try:
        Config.model_validate(_tuples(raw) | {"path": Path()})
    except ValidationError as error:
        for item in error.errors():
            place: KeyPath = tuple(part for part in item["loc"] if isinstance(part, int | str))
            # Credential-looking keys are told by name only: their value must not reach a terminal or a log.
            if item["type"] == "extra_forbidden" and looks_like_a_secret(str(place[-1])):
                yield Problem(
                    place,
                    "looks like a credential; secrets come only from the environment or the cloud SDK's own chain."
                    " Remove the key, and change the secret if this file was shared",
                )
            else:
                yield Problem(place, _model_message(item))


def _model_message(item: Any) -> str:
    kind, value, context = item["type"], item["input"], item.get("ctx", {})
    if kind == "missing":
        return "is missing; it is required"
    if kind == "extra_forbidden":
        model = (
            {"sources": Source, "usage": UsageFeed}.get(str(item["loc"][0]), Config) if len(item["loc"]) > 1 else Config
        )
        allowed = ", ".join(name for name in model.model_fields if name != "path")
        return f"is not a known key; allowed: {allowed}"
    if kind == "string_pattern_mismatch":
        what = {"^[a-z0-9-]+$": "lower-case letters, digits and '-'", "^[A-Z]{3}$": "a three-letter code such as USD"}
        return f"is {value!r}; expected {what.get(context['pattern'], context['pattern'])}"
    if kind == "literal_error":
        return f"is {value!r}; allowed: {context['expected'].replace(' or ', ', ')}"
    expected = {"string_type": "text", "tuple_type": "a list", "model_type": "a mapping of keys"}.get(kind, item["msg"])
    return f"is {value!r}; expected {expected}"


def _source_problems(place: KeyPath, source: dict[str, Any], folder: Path) -> Iterator[Problem]:
    provider, dataset = source.get("provider"), source.get("dataset")
    allowed = [name for owner, name in SUPPORTED_DATASETS if owner == provider]
    if isinstance(dataset, str) and allowed and dataset not in allowed:
        yield Problem((*place, "dataset"), f"is {dataset!r}; allowed for {provider}: {', '.join(allowed)}")
    cloud = {"aws": ("s3",), "gcp": ("bigquery",), "azure": ("az",), "other": ("s3", "az")}.get(str(provider), ())
    for key in ("uri", "amortized_uri"):
        uri = source.get(key)
        if dataset == "cur1" and isinstance(uri, str):
            # The keys of a legacy report without prefix begin with a slash: s3://bucket//report.
            uri = re.sub("^(s3://[^/]+)//", r"\1/", uri)
        yield from _uri_problems((*place, key), uri, folder, cloud=cloud)
    if source.get("amortized_uri") is not None and (provider, dataset) != ("azure", "cost_details"):
        yield Problem((*place, "amortized_uri"), "belongs to azure cost_details only; remove it")
    if source.get("vendor") is not None and provider in ("aws", "gcp", "azure"):
        yield Problem((*place, "vendor"), "belongs to provider other only; remove it")
    if provider == "other" and not source.get("vendor"):
        yield Problem((*place, "vendor"), "is missing; provider other needs the name of its vendor")


def _uri_problems(place: KeyPath, uri: Any, folder: Path, cloud: tuple[str, ...] = ()) -> Iterator[Problem]:
    if isinstance(uri, str) and (problem := uri_problem(uri, folder, cloud)):
        yield Problem(place, problem)


def _read_twice(key: str, entries: Any, folder: Path, what: str) -> Iterator[Problem]:
    """Exports that two sources read, and files that two feeds of a kind read."""
    first: dict[tuple[str, str], KeyPath] = {}
    for index, entry in _entries(entries):
        for name in ("uri", "amortized_uri"):
            if not isinstance(uri := entry.get(name), str):
                continue
            place: KeyPath = (key, index, name)
            taken = first.setdefault((str(entry.get("kind")), place_of(uri, folder)), place)
            if taken[:2] != place[:2]:
                told = f"is {uri!r}, which {key_text(taken)} is already; its {what} would count twice"
                yield Problem(place, told)


def _duplicate_names(key: str, entries: Any) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for index, entry in _entries(entries):
        name = entry.get("name")
        if isinstance(name, str) and name in first:
            taken = key_text((key, first[name], "name"))
            yield Problem((key, index, "name"), f"is {name!r}, which {taken} has already; names are unique")
        elif isinstance(name, str):
            first[name] = index


def _entries(value: Any) -> Iterator[tuple[int, dict[str, Any]]]:
    if isinstance(value, list):
        yield from ((index, entry) for index, entry in enumerate(value) if isinstance(entry, dict))


def _tuples(raw: dict[str, Any]) -> dict[str, Any]:
    """YAML lists as tuples: the model is strict and immutable. An empty `usage:` means no feed."""
    lists = {key: tuple(raw[key]) for key in ("sources", "usage") if isinstance(raw.get(key), list)}
    return {key: value for key, value in raw.items() if not (key == "usage" and value is None)} | lists


def _with_absolute_uris(raw: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Paths without a scheme are relative to the configuration's own folder, wherever the command is started."""

    def absolute(entry: dict[str, Any]) -> dict[str, Any]:
        return {
            key: file_uri(local_path(value, folder))
            if key in ("uri", "amortized_uri", "fx_rates", "allocation") and isinstance(value, str) and is_local(value)
            else value
            for key, value in entry.items()
        }

    nested = {key: [absolute(entry) for _, entry in _entries(raw.get(key))] for key in ("sources", "usage")}
    return absolute(raw) | {key: value for key, value in nested.items() if raw.get(key)}
