"""Who is told what, and where: `alerts.yaml` beside `finops.yaml`, as a typed model.

It is a file of its own because it is no input of the marts: another channel must not rebuild anything. It names the
environment variables that hold secrets, never a secret; the address of a chat's webhook is one too.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, model_validator

from finops_pipeline.alerts.finding import shortened
from finops_pipeline.config_yaml import Problem, explain, read_yaml
from finops_pipeline.errors import ConfigurationError
from finops_pipeline.settings import secret_variable
from finops_pipeline.side_files.faults import shaped
from finops_pipeline.side_files.reading import SideFileModel, load_side_file


class _Model(SideFileModel):
    model_config = ConfigDict(populate_by_name=True)


def _variable_name(value: Any) -> str:
    # The value is never shown: who misreads the key puts the secret itself here.
    if not isinstance(value, str) or not value.isidentifier() or value != value.upper():
        raise ValueError(
            "is no name of an environment variable such as FINOPS_SLACK_WEBHOOK; put the secret into a variable and"
            " the variable's name here. If a secret stood here and the file was shared, change it"
        )
    return value


def _web_address(value: str) -> str:
    if not value.startswith(("http://", "https://")):
        raise ValueError(f"is {value!r}; expected an address that begins with http:// or https://")
    if "@" in value.split("/")[2]:
        raise ValueError("holds a login, and stands in every message; give the address alone")
    return value.rstrip("/")


def _one_line(value: str) -> str:
    if not value.strip() or not value.isprintable():
        raise ValueError("is empty or holds a line break; expected one line of text")
    return value


Variable = Annotated[str, BeforeValidator(_variable_name)]
Line = Annotated[str, AfterValidator(_one_line)]
Address = Annotated[
    Line,
    # what follows a comma would be taken for another address
    shaped(r'("[^"]*"|[^@",;])+@[^@",;]+', "one address such as finops@acme.com; a name with a comma needs quotes"),
]
Severity = Literal["error", "warn"]
_Some = Field(min_length=1)
# findings name their owner on one line
_Owner = Annotated[str, AfterValidator(shortened)]


class _Channel(_Model):
    name: Annotated[str, shaped("[a-z0-9-]+", "lower-case letters, digits and '-'")]

    @property
    def variables(self) -> dict[str, str]:
        """The variables this channel needs, by the key that names them."""
        return {key: value for key, value in self.model_dump().items() if key.endswith("_env") and value is not None}


class SlackChannel(_Channel):
    """A Slack channel: an incoming webhook, or a bot token with the channel it posts to."""

    kind: Literal["slack"]
    webhook_env: Variable | None = None
    token_env: Variable | None = None
    channel: Line | None = None

    @model_validator(mode="after")
    def _one_way_to_post(self) -> "SlackChannel":
        if (self.webhook_env is None) == (self.token_env is None):
            raise ValueError("needs either webhook_env, or token_env and channel")
        if (self.token_env is None) != (self.channel is None):
            raise ValueError("has channel or token_env alone; a webhook has its channel, a token needs one named")
        return self


class TeamsChannel(_Channel):
    """A Microsoft Teams channel or chat: the address of a workflow that waits for a webhook."""

    kind: Literal["teams"]
    url_env: Variable


class EmailChannel(_Channel):
    """Mail by SMTP; a login needs a connection that nobody can read."""

    kind: Literal["email"]
    host: Line
    port: Annotated[int, Field(gt=0, lt=65536)] = 587
    tls: Literal["starttls", "implicit", "none"] = "starttls"
    sender: Address = Field(alias="from")
    to: Annotated[list[Address], Field(min_length=1)]
    username_env: Variable | None = None
    password_env: Variable | None = None

    @model_validator(mode="after")
    def _login_is_whole_and_hidden(self) -> "EmailChannel":
        if (self.username_env is None) != (self.password_env is None):
            raise ValueError("has username_env or password_env alone; a login needs both")
        if self.tls == "none" and self.password_env is not None:
            raise ValueError("would send a password in clear text; use tls: starttls or implicit")
        return self


class WebhookChannel(_Channel):
    """Any service that takes JSON; signed as Standard Webhooks are when a secret is named."""

    kind: Literal["webhook"]
    url_env: Variable
    secret_env: Variable | None = None


Channel = SlackChannel | TeamsChannel | EmailChannel | WebhookChannel


class Route(_Model):
    """Findings that meet every condition given go to the channels. A condition left out holds for all."""

    owners: Annotated[list[_Owner] | None, _Some] = None
    severities: Annotated[list[Severity] | None, _Some] = None
    checks: Annotated[list[str] | None, _Some] = None
    channels: Annotated[list[str], Field(min_length=1)]

    @model_validator(mode="after")
    def _says_which(self) -> "Route":
        if not (self.owners or self.severities or self.checks):
            raise ValueError("needs owners, severities or checks; what goes to everyone else is `default`")
        return self


class Alerts(_Model):
    """The whole of `alerts.yaml`."""

    version: Literal[1]
    channels: tuple[Annotated[Channel, Field(discriminator="kind")], ...]
    routes: tuple[Route, ...] = ()
    default: tuple[str, ...] = ()
    dagster_url: Annotated[str, AfterValidator(_web_address)] = "http://127.0.0.1:3000"
    repeat_after_days: Annotated[int, Field(gt=0)] = 7
    repeat_errors_after_days: Annotated[int, Field(gt=0)] = 1

    def channel(self, name: str) -> Channel | None:
        """The channel of that name."""
        return next((channel for channel in self.channels if channel.name == name), None)


def alerts_path(configuration: Path) -> Path:
    """Where the file stands: beside `finops.yaml`."""
    return configuration.parent / "alerts.yaml"


def load_alerts(configuration: Path) -> Alerts | None:
    """The `alerts.yaml` beside a `finops.yaml`; None where there is none, and nobody is told anything.

    Raises:
        ConfigurationError: the file says something that is not allowed; the message names key and line.
    """
    path = alerts_path(configuration)
    if not path.is_file():
        return None
    alerts = load_side_file(path, Alerts, lists=("channels", "routes", "default"))
    problems = list(_problems(alerts))
    if problems:
        raise ConfigurationError(explain(path, problems, read_yaml(path)))
    return alerts


def missing_variables(alerts: Alerts) -> list[str]:
    """One line for each variable that a channel names and the environment has not got."""
    return [
        f"alerts channel {channel.name}: {variable} is not set; {key} names it. Set it for the process that runs"
        " `finops run` and for Dagster's daemon."
        for channel in alerts.channels
        for key, variable in channel.variables.items()
        if secret_variable(variable) is None
    ]


def secrets_of(alerts: Alerts) -> frozenset[str]:
    """The values of all variables that channels name: what no message, log or dead letter may hold."""
    named = {variable for channel in alerts.channels for variable in channel.variables.values()}
    return frozenset(value for name in named if (value := secret_variable(name)))


def _problems(alerts: Alerts) -> Iterator[Problem]:
    names = [channel.name for channel in alerts.channels]
    for index, name in enumerate(names):
        if name in names[:index]:
            yield Problem(("channels", index, "name"), f"is {name!r}, which another channel has already")
    used = [(("default", index), name) for index, name in enumerate(alerts.default)]
    for number, route in enumerate(alerts.routes):
        used += [(("routes", number, "channels", index), name) for index, name in enumerate(route.channels)]
    for place, name in used:
        if name not in names:
            yield Problem(place, f"is {name!r}, which is no channel; channels are {', '.join(names) or 'missing'}")
    told = {name for _, name in used}
    for index, name in enumerate(names):
        if name not in told:
            yield Problem(("channels", index), f"({name}) gets nothing; name it in a route or under `default`")
    if not alerts.default:
        yield Problem(("default",), "is empty; a finding that no route takes would be told to nobody")
