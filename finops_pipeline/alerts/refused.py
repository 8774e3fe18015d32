"""Why a digest was not taken. No text of a client's own gets in: it may quote the address, which is the secret."""

import socket
import ssl

TRY_AGAIN = {408, 425, 429, 500, 502, 503, 504}
"""Answers that another try may change."""


class Refused(Exception):  # noqa: N818
    """A channel did not take a digest.

    Attributes:
        may_pass: whether another try may help.
        retry_after: seconds after which the service wants to be asked again.
    """

    def __init__(self, reason: str, *, may_pass: bool, retry_after: float | None = None):
        super().__init__(reason)
        self.may_pass = may_pass
        self.retry_after = retry_after

    @classmethod
    def by_status(cls, status: int, retry_after: str | None, said: str = "") -> "Refused":
        """An HTTP answer that is no success."""
        seconds = float(retry_after) if retry_after and retry_after.strip().isdecimal() else None
        told = f"answered HTTP {status}" + (f": {said}" if said else "")
        return cls(told, may_pass=status in TRY_AGAIN, retry_after=seconds)

    @classmethod
    def by_error(cls, error: BaseException) -> "Refused":
        """A connection that failed, told by its kind."""
        cause = getattr(error, "reason", error)
        cause = cause if isinstance(cause, BaseException) else error
        if isinstance(cause.__context__, TimeoutError):
            cause = cause.__context__  # smtplib tells a silent server as one that hung up
        if isinstance(cause, ssl.SSLCertVerificationError):
            return cls(f"has a certificate that is not trusted ({cause.verify_message})", may_pass=False)
        if isinstance(cause, ssl.SSLError) and not isinstance(cause, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
            return cls("offers no TLS that this machine takes; is the port right?", may_pass=False)
        if isinstance(cause, socket.gaierror):
            return cls("has a host name that cannot be resolved", may_pass=True)
        if isinstance(cause, TimeoutError):
            return cls("did not answer in time", may_pass=True)
        if isinstance(cause, ConnectionRefusedError):
            return cls("refused the connection", may_pass=True)
        return cls(f"broke off the connection ({type(cause).__name__})", may_pass=True)
