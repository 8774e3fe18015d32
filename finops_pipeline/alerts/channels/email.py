"""Mail by SMTP: plain text, which every reader shows and no bill can turn into something else."""

import smtplib
import ssl
from collections.abc import Mapping
from email.message import EmailMessage
from email.utils import formatdate

from finops_pipeline.alerts.configuration import EmailChannel
from finops_pipeline.alerts.digest import Digest, as_text
from finops_pipeline.alerts.refused import Refused

_TLS_OR_LOGIN_FIRST = 530
"""RFC 3207 and RFC 4954."""


def deliver(channel: EmailChannel, digest: Digest, secrets: Mapping[str, str], seconds: float) -> str:
    """Send the digest to every recipient; returns how many of them did not take it, where others did."""
    message = mail(channel, digest)
    try:
        with _connected(channel, seconds) as server:
            if channel.tls == "starttls":
                server.starttls(context=ssl.create_default_context())
                server.ehlo()
            if channel.password_env is not None:
                server.login(secrets["username_env"], secrets["password_env"])
            refused = _sent(server, message)
    except smtplib.SMTPNotSupportedError:
        raise Refused(f"offers no {'STARTTLS' if channel.tls == 'starttls' else 'login'}", may_pass=False) from None
    except smtplib.SMTPAuthenticationError as error:
        raise Refused(f"does not accept the login (SMTP {error.smtp_code})", may_pass=False) from None
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        may_pass = all(400 <= code < 500 for code in codes)
        raise Refused(f"takes no mail for its recipients (SMTP {codes[0]})", may_pass=may_pass) from None
    except smtplib.SMTPResponseException as error:
        if error.smtp_code == _TLS_OR_LOGIN_FIRST:
            raise Refused(f"wants STARTTLS or a login first (SMTP {error.smtp_code})", may_pass=False) from None
        raise Refused(f"answered SMTP {error.smtp_code}", may_pass=400 <= error.smtp_code < 500) from None
    except (OSError, smtplib.SMTPException) as error:
        raise Refused.by_error(error) from None
    if not refused:
        return ""
    # The others have it: a dead letter would be sent to them again, by each run for a week.
    [(code, _), *_] = refused.values()
    return f"takes no mail for {len(refused)} of {len(channel.to)} recipients (SMTP {code})"


def mail(channel: EmailChannel, digest: Digest) -> EmailMessage:
    """The message. Its id is the digest's, so that a second delivery can be known as one."""
    message = EmailMessage()
    message["Subject"] = digest.headline
    message["From"] = channel.sender
    message["To"] = ", ".join(channel.to)
    message["Date"] = formatdate()
    message["Message-ID"] = f"<{digest.digest_id}@finops-pipeline.invalid>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(as_text(digest))
    return message


def _sent(server: smtplib.SMTP, message: EmailMessage) -> dict[str, tuple[int, bytes]]:
    try:
        return server.send_message(message)
    except smtplib.SMTPNotSupportedError:
        told = "takes no addresses with letters beyond ASCII; write the domain as xn--..., or another address"
        raise Refused(told, may_pass=False) from None


def _connected(channel: EmailChannel, seconds: float) -> smtplib.SMTP:
    if channel.tls == "implicit":
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(channel.host, channel.port, timeout=seconds, context=context)
    try:
        return smtplib.SMTP(channel.host, channel.port, timeout=seconds)
    except smtplib.SMTPServerDisconnected as error:
        if not isinstance(error.__context__, TimeoutError):
            raise
        # Each waits for the other's first word.
        told = "did not answer in time; a port that begins with TLS, as 465 does, needs tls: implicit"
        raise Refused(told, may_pass=True) from None
