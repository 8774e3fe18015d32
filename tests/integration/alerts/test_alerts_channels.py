"""Each kind of channel against a real server: what arrives, what is refused, what is tried again, and for how long."""

import base64
import hashlib
import hmac
import json
import socket
import threading
import time
from decimal import Decimal
from email import message_from_bytes
from email.policy import default as modern

import pytest
from alert_servers import Answer

from finops_pipeline.alerts import deliver
from finops_pipeline.alerts.channels import slack, teams
from finops_pipeline.alerts.configuration import EmailChannel, SlackChannel, TeamsChannel, WebhookChannel
from finops_pipeline.alerts.deliver import deliver_all
from finops_pipeline.alerts.digest import make_digest
from finops_pipeline.alerts.finding import Finding

HOSTILE = "<!channel> [click](http://evil.invalid) `x` & <b>bold</b>"
FAILED = Finding(
    key="raw_total_equals_normalized_total/aws-payer 2026-10 USD billed",
    name="raw_total_equals_normalized_total",
    severity="error",
    subject="aws-payer 2026-10 USD billed",
    told="off by 0.01; expected a difference of 0",
    link="http://127.0.0.1:3000/assets/fct_reconciliation?view=checks&checkDetail=x",
)
DEAR = Finding(
    key="anomaly/1",
    name="anomaly",
    severity="warn",
    subject=f"spike of service {HOSTILE}",
    told="6,237.69 USD; expected 441.94",
    owner="vision",
    amount=Decimal("5795.750000000000000001"),
    currency="USD",
    allocation_id="a1b2c3",
)
DIGEST = make_digest("chat", "2026-11-03", "http://127.0.0.1:3000", [FAILED, DEAR], ["run_failed: disk full"])
SLACK = SlackChannel(name="chat", kind="slack", webhook_env="SLACK_WEBHOOK")
BOT = SlackChannel(name="chat", kind="slack", token_env="BOT_TOKEN", channel="#costs")
TEAMS = TeamsChannel(name="chat", kind="teams", url_env="TEAMS_URL")
HOOK = WebhookChannel(name="chat", kind="webhook", url_env="HOOK_URL", secret_env="HOOK_SECRET")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(deliver, "FIRST_PAUSE", 0.01)


@pytest.fixture
def secrets(monkeypatch, web):
    monkeypatch.setenv("SLACK_WEBHOOK", web.url("/services/T0CANARY0/B0CANARY0/c4n4ry"))
    monkeypatch.setenv("BOT_TOKEN", "xoxb-c4n4ry-token")
    monkeypatch.setenv("TEAMS_URL", web.url("/workflows/c4n4ry/invoke?sig=c4n4ry"))
    monkeypatch.setenv("HOOK_URL", web.url("/hook"))
    monkeypatch.setenv("HOOK_SECRET", "whsec_" + base64.b64encode(b"shared secret").decode())
    monkeypatch.setattr(slack, "API", web.url("/api/"))


def delivered(channel, digest=DIGEST):
    [delivery] = deliver_all([(channel, [digest])])
    return delivery.reason


def text_of(block) -> str:
    return json.dumps(block, ensure_ascii=False)


def test_slack_webhook_gets_headline_findings_links_and_commands_and_no_live_markup(web, secrets):
    assert delivered(SLACK) == ""
    [request] = web.received
    assert request.path == "/services/T0CANARY0/B0CANARY0/c4n4ry"
    assert request.json["text"] == "FinOps 2026-11-03: 1 stops publishing, 1 to look at, 1 solved"
    shown = text_of(request.json["blocks"])
    assert "aws-payer 2026-10 USD billed" in shown
    # Slack reads &amp; in an address as the & of its query.
    assert "<http://127.0.0.1:3000/assets/fct_reconciliation?view=checks&amp;checkDetail=x|FAILED raw_total" in shown
    assert "+5,795.75 USD" in shown
    assert "`finops explain a1b2c3`" in shown
    assert "run_failed: disk full" in shown
    assert "<!channel>" not in shown
    assert "&lt;!channel&gt;" in shown


def test_slack_bot_posts_to_the_named_channel_with_its_token(web, secrets):
    web.answers = [Answer(body='{"ok": true}')]
    assert delivered(BOT) == ""
    [request] = web.received
    assert request.path == "/api/chat.postMessage"
    assert request.headers["Authorization"] == "Bearer xoxb-c4n4ry-token"
    assert "costs" in request.body.decode()


@pytest.mark.parametrize(
    ("said", "tries"), [("invalid_auth", 1), ("channel_not_found", 1), ("ratelimited", 4), ("fatal_error", 4)]
)
def test_slack_errors_that_come_with_status_200_are_errors(web, secrets, said, tries):
    web.answers = [Answer(body=json.dumps({"ok": False, "error": said}))]
    assert said in delivered(BOT)
    assert len(web.received) == tries


def test_slack_webhook_that_was_removed_is_told_and_not_tried_again(web, secrets):
    web.answers = [Answer(status=404, body="no_service")]
    assert delivered(SLACK) == "answered HTTP 404: no_service (1 try)"


def test_teams_gets_an_adaptive_card_whose_names_are_no_markdown(web, secrets):
    web.answers = [Answer(status=202, body="")]
    assert delivered(TEAMS) == ""
    [attachment] = web.received[0].json["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    card = attachment["content"]
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.4")
    assert {block["type"] for block in card["body"]} == {"RichTextBlock"}
    runs = [run for block in card["body"] for run in block["inlines"]]
    assert any(HOSTILE in run["text"] for run in runs)
    assert any(run.get("selectAction", {}).get("url", "").startswith("http://127.0.0.1:3000/assets/") for run in runs)
    assert any("finops explain a1b2c3" in run["text"] for run in runs)


def test_a_teams_card_stays_below_what_teams_takes_and_tells_what_is_left_out():
    many = [
        Finding(f"k{i}", f"check_{i // 5}", "warn", f"subject {i} " + "ü" * 400, "told " + "x" * 450)
        for i in range(300)
    ]
    digest = make_digest("chat", "2026-11-03", "http://127.0.0.1:3000", many, [])
    message = teams.message(digest)
    assert len(json.dumps(message, ensure_ascii=False).encode()) <= 24_000
    assert "more findings" in text_of(message)


def test_a_teams_card_about_long_names_that_are_solved_stays_below_what_teams_takes():
    digest = make_digest("chat", "2026-11-03", "http://127.0.0.1:3000", [], ["計" * 500] * 25)
    message = teams.message(digest)
    assert len(json.dumps(message, ensure_ascii=False).encode()) <= 24_000
    assert "… and 15 more" in text_of(message)


def test_a_slack_message_of_many_long_findings_stays_below_its_limits():
    many = [Finding(f"k{i}", f"check_{i // 5}", "warn", f"s{i} " + "&" * 490, "x" * 499) for i in range(300)]
    shown = slack.blocks(make_digest("chat", "2026-11-03", "http://127.0.0.1:3000", many, ["solved " * 50] * 40))
    assert len(shown) <= 50
    assert all(len(block["text"]["text"]) <= 3000 for block in shown)
    assert sum(len(block["text"]["text"]) for block in shown) <= 10_000
    assert "more findings" in text_of(shown)
    assert "… and 30 more" in text_of(shown)


def test_webhook_is_signed_and_keeps_every_digit(web, secrets):
    assert delivered(HOOK) == ""
    [request] = web.received
    assert request.json["findings"][1]["amount"] == "5795.750000000000000001"
    sent = {name.lower(): value for name, value in request.headers.items()}
    signed = f"{sent['webhook-id']}.{sent['webhook-timestamp']}.".encode() + request.body
    expected = base64.b64encode(hmac.new(b"shared secret", signed, hashlib.sha256).digest()).decode()
    assert sent["webhook-signature"] == f"v1,{expected}"
    assert abs(int(sent["webhook-timestamp"]) - time.time()) < 60


def test_webhook_keeps_its_id_however_often_it_is_tried(web, secrets):
    web.answers = [Answer(status=500), Answer(status=503), Answer(status=204, body="")]
    assert delivered(HOOK) == ""
    ids = {value for request in web.received for name, value in request.headers.items() if name.lower() == "webhook-id"}
    assert (len(web.received), ids) == (3, {DIGEST.digest_id})


@pytest.mark.parametrize("channel", [SLACK, TEAMS, HOOK], ids=["slack", "teams", "webhook"])
def test_a_busy_service_is_asked_again_when_it_says(web, secrets, channel):
    web.answers = [Answer(status=429, headers={"Retry-After": "1"}), Answer()]
    began = time.monotonic()
    assert delivered(channel) == ""
    assert 1.0 <= time.monotonic() - began < 5
    assert len(web.received) == 2


def test_a_service_that_asks_for_more_time_than_there_is_becomes_a_dead_letter_at_once(web, secrets):
    web.answers = [Answer(status=429, headers={"Retry-After": "3600"})]
    began = time.monotonic()
    assert delivered(TEAMS) == "answered HTTP 429 (1 try)"
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("channel", [SLACK, TEAMS, HOOK], ids=["slack", "teams", "webhook"])
@pytest.mark.parametrize(("status", "tries"), [(500, 4), (502, 4), (400, 1), (403, 1), (410, 1)])
def test_only_what_may_pass_is_tried_again(web, secrets, channel, status, tries):
    web.answers = [Answer(status=status, body="c4n4ry")]
    assert f"HTTP {status}" in delivered(channel)
    assert len(web.received) == tries


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("channel", [SLACK, TEAMS, HOOK, BOT], ids=["slack", "teams", "webhook", "bot"])
def test_a_redirect_is_no_success_and_nothing_goes_where_it_leads(web, secrets, channel, status):
    web.answers = [
        Answer(status=status, headers={"Location": web.url("/elsewhere")}, body='{"ok": false}'),
        Answer(body='{"ok": true}' if channel is BOT else "ok"),
    ]
    assert delivered(channel).startswith(f"answered HTTP {status}")
    assert [request.path for request in web.received if request.path == "/elsewhere"] == []


@pytest.mark.parametrize("channel", [SLACK, TEAMS, HOOK, BOT], ids=["slack", "teams", "webhook", "bot"])
def test_nobody_listening_is_told_without_the_address(web, secrets, monkeypatch, channel):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{probe.getsockname()[1]}/services/T0CANARY0/c4n4ry"
    for name in ("SLACK_WEBHOOK", "TEAMS_URL", "HOOK_URL"):
        monkeypatch.setenv(name, nowhere)
    monkeypatch.setattr(slack, "API", f"{nowhere}/")
    assert delivered(channel) == "refused the connection (4 tries)"


def test_a_service_that_never_answers_is_given_up_in_time(web, secrets, monkeypatch):
    monkeypatch.setattr("finops_pipeline.alerts.channels.SECONDS_FOR_ONE_TRY", 1.0)
    monkeypatch.setattr(deliver, "CHANNEL_SECONDS", 2.5)
    web.answers = [Answer(after=30)]
    began = time.monotonic()
    reasons = [delivered(channel) for channel in (SLACK, TEAMS)]
    assert all("did not answer in time" in reason for reason in reasons)
    assert time.monotonic() - began < 12


def test_a_service_that_drips_is_given_up_in_time_and_holds_up_nobody(web, secrets, monkeypatch):
    """Each byte resets a client's timeout: only a bound on the whole helps."""
    monkeypatch.setattr(deliver, "IN_ALL_SECONDS", 2.0)
    listener = socket.create_server(("127.0.0.1", 0))
    monkeypatch.setenv("TEAMS_URL", f"http://127.0.0.1:{listener.getsockname()[1]}/x")

    def drip():
        connection, _ = listener.accept()
        with connection:
            connection.sendall(b"HTTP/1.1 200 OK\r\n")
            for _ in range(60):
                connection.sendall(b"X")
                time.sleep(0.2)

    threading.Thread(target=drip, daemon=True).start()
    began = time.monotonic()
    slow, quick = deliver_all([(TEAMS, [DIGEST]), (SLACK, [DIGEST])])
    assert (slow.reason, quick.reason) == ("did not answer in time", "")
    assert time.monotonic() - began < 4
    listener.close()


@pytest.mark.parametrize("channel", [SLACK, BOT, TEAMS], ids=["slack", "bot", "teams"])
def test_an_answer_that_is_no_http_may_pass(secrets, monkeypatch, channel):
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer():
            for _ in range(4):
                connection, _ = listener.accept()
                with connection:
                    connection.recv(1)
                    connection.sendall(b"SSH-2.0-OpenSSH\r\n")

        threading.Thread(target=answer, daemon=True).start()
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        for name in ("SLACK_WEBHOOK", "TEAMS_URL"):
            monkeypatch.setenv(name, address)
        monkeypatch.setattr(slack, "API", address)
        reason = delivered(channel)
    assert reason.startswith("broke off the connection")
    assert reason.endswith("(4 tries)")


def test_a_pause_that_is_no_number_is_not_asked_for(web, secrets):
    web.answers = [Answer(status=429, headers={"Retry-After": "\u00b2"}), Answer()]
    assert delivered(TEAMS) == ""


def test_an_address_that_would_travel_in_clear_text_is_refused(secrets, monkeypatch):
    for name in ("SLACK_WEBHOOK", "TEAMS_URL", "HOOK_URL"):
        monkeypatch.setenv(name, "http://hooks.example.invalid/c4n4ry")
    assert [delivered(channel) for channel in (SLACK, TEAMS, HOOK)] == [
        "has an address that does not begin with https:// (1 try)"
    ] * 3


def test_a_channel_without_its_variable_says_which(monkeypatch):
    monkeypatch.delenv("SLACK_WEBHOOK", raising=False)
    assert delivered(SLACK) == "is not set up: SLACK_WEBHOOK is not set"


def mail_channel(server, **changes):
    values = {"name": "mail", "kind": "email", "host": "127.0.0.1", "port": server.port, "sender": "finops@acme.test"}
    return EmailChannel(**{**values, "to": ["a@acme.test", "b@acme.test"], "tls": "none", **changes})


LOGIN = {"tls": "starttls", "username_env": "MAIL_USER", "password_env": "MAIL_PASSWORD"}


@pytest.fixture
def login(monkeypatch, certificate):
    monkeypatch.setenv("MAIL_USER", "finops")
    monkeypatch.setenv("MAIL_PASSWORD", "c4n4ry password")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))


def test_mail_goes_over_starttls_with_a_login(mail_server, login):
    server = mail_server(tls=True, login=("finops", "c4n4ry password"))
    assert delivered(mail_channel(server, **LOGIN)) == ""
    assert server.box.sessions == [True]
    mail = message_from_bytes(server.box.mails[0], policy=modern)
    assert mail["Subject"] == "FinOps 2026-11-03: 1 stops publishing, 1 to look at, 1 solved"
    assert (mail["From"], mail["To"]) == ("finops@acme.test", "a@acme.test, b@acme.test")
    body = mail.get_content()
    assert "FAILED raw_total_equals_normalized_total" in body
    assert "For vision" in body
    assert "+5,795.75 USD: 6,237.69 USD; expected 441.94" in body
    assert "finops explain a1b2c3" in body
    assert HOSTILE in body


def test_mail_goes_without_tls_and_login_where_configured(mail_server):
    server = mail_server(tls=False)
    assert delivered(mail_channel(server)) == ""
    assert server.box.sessions == [False]


def test_a_wrong_password_is_told_and_not_tried_again(mail_server, login, monkeypatch):
    monkeypatch.setenv("MAIL_PASSWORD", "wrong")
    server = mail_server(tls=True, login=("finops", "c4n4ry password"))
    assert delivered(mail_channel(server, **LOGIN)) == "does not accept the login (SMTP 535) (1 try)"


def test_a_certificate_that_is_not_trusted_stops_before_the_password(mail_server, login, monkeypatch, tmp_path):
    (tmp_path / "empty.pem").write_text("")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "empty.pem"))
    server = mail_server(tls=True, login=("finops", "c4n4ry password"))
    assert delivered(mail_channel(server, **LOGIN)).startswith("has a certificate that is not trusted")
    assert server.box.mails == []


def test_a_server_without_starttls_never_gets_the_password(mail_server, login):
    server = mail_server(tls=False)
    assert delivered(mail_channel(server, **LOGIN)) == "offers no STARTTLS (1 try)"
    assert server.box.mails == []


def test_a_busy_mail_server_is_asked_again_and_a_refusal_is_not(mail_server):
    server = mail_server(tls=False)
    server.box.answer = "451 later please"
    assert delivered(mail_channel(server)) == "answered SMTP 451 (4 tries)"
    server.box.answer = "554 no"
    assert delivered(mail_channel(server)) == "answered SMTP 554 (1 try)"


def test_some_unknown_recipients_are_told_and_the_others_get_it_once(mail_server):
    server = mail_server(tls=False)
    server.box.unknown = {"b@acme.test"}
    [delivery] = deliver_all([(mail_channel(server), [DIGEST])])
    assert (delivery.reason, delivery.remark) == ("", "takes no mail for 1 of 2 recipients (SMTP 550)")
    assert len(server.box.mails) == 1
    server.box.unknown = {"a@acme.test", "b@acme.test"}
    assert delivered(mail_channel(server)) == "takes no mail for its recipients (SMTP 550) (1 try)"


def test_a_mail_server_that_takes_no_letters_beyond_ascii_in_addresses_is_told_as_that(mail_server):
    channel = mail_channel(mail_server(tls=False, utf8=False), to=["info@müller.test"])
    assert delivered(channel) == (
        "takes no addresses with letters beyond ASCII; write the domain as xn--..., or another address (1 try)"
    )


def test_a_mail_server_that_never_greets_is_given_up_in_time(monkeypatch):
    monkeypatch.setattr("finops_pipeline.alerts.channels.SECONDS_FOR_ONE_TRY", 0.5)
    monkeypatch.setattr(deliver, "CHANNEL_SECONDS", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        channel = EmailChannel(
            name="mail",
            kind="email",
            host="127.0.0.1",
            port=silent.getsockname()[1],
            sender="a@b",
            to=["c@d"],
            tls="none",
        )
        hint = "did not answer in time; a port that begins with TLS, as 465 does, needs tls: implicit"
        assert delivered(channel).startswith(hint)


def test_a_mail_server_that_wants_tls_or_none_is_told_as_that(mail_server):
    server = mail_server(tls=False)
    server.box.answer = "530 5.7.0 Must issue a STARTTLS command first"
    assert delivered(mail_channel(server)) == "wants STARTTLS or a login first (SMTP 530) (1 try)"
    told = delivered(mail_channel(server, tls="implicit"))
    assert told == "offers no TLS that this machine takes; is the port right? (1 try)"
