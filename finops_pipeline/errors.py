"""The errors a person on call reads.

Each message names the object, what was expected and the next step, and is shown without a stack trace.
Programming errors are not here: they keep their trace.
"""


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


class RunInProgressError(FinopsError):
    """Another run holds the run lock."""
