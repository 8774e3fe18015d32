"""alerts.yaml: every fault by key and line, never with a secret in it, and which variables are missing."""

from pathlib import Path

import pytest

from finops_pipeline.alerts.configuration import load_alerts, missing_variables, secrets_of
from finops_pipeline.errors import ConfigurationError

GOOD = """\
version: 1
channels:
  - {name: chat, kind: slack, webhook_env: FINOPS_SLACK}
  - {name: bot, kind: slack, token_env: BOT, channel: "#costs"}
  - {name: vision, kind: teams, url_env: VISION_TEAMS}
  - {name: pager, kind: webhook, url_env: PAGER, secret_env: PAGER_KEY}
  - name: finance
    kind: email
    host: smtp.acme.test
    from: FinOps <finops@acme.test>
    to: [finance@acme.test]
    username_env: MAIL_USER
    password_env: MAIL_PASSWORD
routes:
  - {owners: [vision], channels: [vision, bot]}
  - {severities: [error], channels: [pager]}
  - {checks: ["budget", "daily_*"], channels: [finance]}
default: [chat]
"""


def load(tmp_path: Path, text: str):
    (tmp_path / "alerts.yaml").write_text(text)
    return load_alerts(tmp_path / "finops.yaml")


def faults(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as error:
        load(tmp_path, text)
    first, *told = str(error.value).splitlines()
    assert first.startswith(str(tmp_path / "alerts.yaml"))
    return [line.strip() for line in told]


def test_the_documented_example_is_valid(tmp_path):
    page = (Path(__file__).parents[3] / "docs" / "alerts.md").read_text()
    alerts = load(tmp_path, page.split("```yaml\n")[1].split("```")[0])
    assert [channel.kind for channel in alerts.channels] == ["slack", "slack", "teams", "webhook", "email"]


def test_no_file_means_nobody_is_told(tmp_path):
    assert load_alerts(tmp_path / "finops.yaml") is None


def test_all_kinds_of_channels_are_read(tmp_path):
    alerts = load(tmp_path, GOOD)
    assert [channel.kind for channel in alerts.channels] == ["slack", "slack", "teams", "webhook", "email"]
    assert alerts.channel("finance").tls == "starttls"
    assert alerts.dagster_url == "http://127.0.0.1:3000"


@pytest.mark.parametrize(
    ("good", "bad", "told"),
    [
        ("kind: teams, url_env: VISION_TEAMS", "kind: teams", "channels[2].url_env (line 5) is missing"),
        ("kind: teams", "kind: pigeon", "channels[2] (line 5) has kind 'pigeon'; allowed: 'slack', 'teams'"),
        ("webhook_env: FINOPS_SLACK", "token_env: X_Y", "channels[0] (line 3) has channel or token_env alone"),
        ("webhook_env: FINOPS_SLACK", "channel: x", "channels[0] (line 3) needs either webhook_env, or token_env"),
        ("    password_env: MAIL_PASSWORD\n", "", "channels[4] (line 7) has username_env or password_env alone"),
        ("    host: smtp.acme.test\n", "    host: smtp.acme.test\n    tls: none\n", "would send a password in clear"),
        ("to: [finance@acme.test]", "to: []", "channels[4].to (line 11)"),
        ("name: vision,", "name: chat,", "channels[2].name (line 5) is 'chat', which another channel has already"),
        ("channels: [pager]", "channels: [pages]", "routes[1].channels[0] (line 16) is 'pages', which is no channel"),
        ("severities: [error]", "severities: [fatal]", "routes[1].severities[0] (line 16) is 'fatal'; allowed"),
        ("severities: [error], ", "", "routes[1] (line 16) needs owners, severities or checks"),
        ("severities: [error], ", "severities: [error], owners: [], ", "routes[1].owners (line 16) is []; expected"),
        ("default: [chat]", "default: [pager]", "channels[0] (line 3) (chat) gets nothing"),
        ("default: [chat]", "", "default is empty; a finding that no route takes would be told to nobody"),
        ("version: 1", "version: 1\ndagster_url: dagster", "dagster_url (line 2) is 'dagster'; expected an address"),
        ("version: 1", "version: 1\ndagster_url: https://me:pw@dagster.test", "holds a login, and stands in every m"),
        ("version: 1", "version: 1\nrepeat_after_days: 0", "repeat_after_days (line 2) is 0"),
        ("version: 1", "version: 1\nroute: []", "route (line 2) is not a known key; allowed: version, channels, rou"),
        ("webhook_env", "hook", "channels[0].hook (line 3) is not a known key; allowed: name, kind, webhook_env, tok"),
        ("    host: smtp.acme.test\n", "    hosts: smtp\n", "allowed: name, kind, host, port, tls, from, to, username"),
        ("    host: smtp.acme.test\n", "    host: smtp.acme.test\n    port: 65536\n", "is 65536; expected less than"),
        ("to: [finance@acme.test]", "to: [finance]", "channels[4].to[0] (line 11) is 'finance'; expected one address"),
        ("to: [finance@acme.test]", "to: ['Doe, Jane <j@acme.test>']", "expected one address such as finops@acme.com"),
        ("name: chat,", "name: the chat,", "channels[0].name (line 3) is 'the chat'; expected lower-case letters"),
    ],
)
def test_faults_are_told_by_key_and_line(tmp_path, good, bad, told):
    assert good in GOOD
    assert told in "\n".join(faults(tmp_path, GOOD.replace(good, bad, 1)))


@pytest.mark.parametrize("address", ['"Doe, Jane" <j@acme.test>', "Größe <g@acme.test>", "info@müller.test"])
def test_an_address_may_have_a_name_in_any_letters_and_a_comma_in_quotes(tmp_path, address):
    text = GOOD.replace("to: [finance@acme.test]", f"to: ['{address}']")
    (tmp_path / "alerts.yaml").write_text(text, encoding="utf-8")
    alerts = load_alerts(tmp_path / "finops.yaml")
    assert alerts is not None
    assert address in str(alerts.channels)


@pytest.mark.parametrize(
    "line",
    [
        "  - {name: chat, kind: slack, webhook_env: 'https://hooks.slack.test/services/c4n4ry'}",
        "  - {name: chat, kind: slack, webhook: 'https://hooks.slack.test/services/c4n4ry'}",
        "  - {name: chat, kind: teams, url_env: c4n4ry}",
        "  - {name: chat, kind: email, host: h, from: a@b, to: [c@d], username_env: U, password_env: c4n4ry}",
        "  - {name: chat, kind: webhook, url_env: X, secret: c4n4ry}",
        "  - {name: chat, kind: pigeon, token: c4n4ry}",
        "  - {name: chat, token: c4n4ry}",
        "  - {name: chat, kind: slack, webhook_env: 12345, token: [c4n4ry]}",
    ],
)
def test_a_secret_in_the_wrong_place_is_not_repeated(tmp_path, line):
    told = faults(tmp_path, f"version: 1\nchannels:\n{line}\ndefault: [chat]\n")
    assert told
    assert "c4n4ry" not in "".join(told)
    assert "12345" not in "".join(told)


def test_each_variable_that_is_not_set_is_named_with_its_channel(tmp_path, monkeypatch):
    alerts = load(tmp_path, GOOD)
    for name in ("FINOPS_SLACK", "BOT", "VISION_TEAMS", "PAGER", "PAGER_KEY", "MAIL_USER", "MAIL_PASSWORD"):
        monkeypatch.setenv(name, f"value of {name}")
    assert missing_variables(alerts) == []
    assert "value of PAGER" in secrets_of(alerts)
    monkeypatch.setenv("PAGER_KEY", " ")
    monkeypatch.delenv("VISION_TEAMS")
    assert [line.split(" is not set")[0] for line in missing_variables(alerts)] == [
        "alerts channel vision: VISION_TEAMS",
        "alerts channel pager: PAGER_KEY",
    ]
