"""The errors a person on call reads.

Each message names the object, what was expected and the next step, and is shown without a stack trace.
Programming errors are not here: they keep their trace.
"""

import errno
import os


class FinopsError(Exception):
    """A fault the operator can act on. `finops` prints it and exits with `exit_code`."""

    exit_code = 1


class ConfigurationError(FinopsError):
    """`finops.yaml`, the allocation rules or the arguments are wrong."""

    exit_code = 2


class DeliveryError(FinopsError):
    """A source's delivery is missing, incomplete, changed or unreadable; what was landed before stays."""


class NothingThereError(DeliveryError):
    """An export's folder in a store can be listed and is empty: no fault where nothing was ever delivered."""


class DiskFullError(FinopsError):
    """No space is left for what is landed. No delivery is at fault: waiting for the next one would not help."""


def disk_full(error: BaseException) -> DiskFullError | None:
    """What to tell where a full disk or quota is behind an error of the system, or of an engine that quotes one."""
    causes = (errno.ENOSPC, errno.EDQUOT)
    if getattr(error, "errno", None) in causes or any(os.strerror(cause) in str(error) for cause in causes):
        return DiskFullError(
            "no space is left on the disk of FINOPS_HOME. Make room, or set FINOPS_HOME to a larger disk, and run"
            " again. What was landed before stays."
        )
    return None


class RunInProgressError(FinopsError):
    """Another run holds the run lock."""
