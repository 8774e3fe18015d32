"""What a failing BigQuery request means to the person on call: which role, which project, which setting.

No message repeats what a credential provider or a proxy may hold.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests
from google.api_core import exceptions as api
from google.auth import exceptions as auth

from finops_pipeline.errors import DeliveryError

CREDENTIALS = (
    "Set GOOGLE_APPLICATION_CREDENTIALS to a credential configuration or key file, run gcloud auth application-default"
    " login, or run where a service account is attached to the machine."
)
_NETWORK = "Check the network, its proxy and firewall (bigquery and bigquerystorage of googleapis.com), and run again."
_PROJECT = "Set GOOGLE_CLOUD_PROJECT to another project to run, and pay for, the queries there."
_FAILURES = (api.GoogleAPIError, auth.GoogleAuthError, requests.RequestException, ConnectionError, TimeoutError)
_PERMISSION = re.compile(r"bigquery\.[A-Za-z]+\.[A-Za-z]+")


@contextmanager
def explained(where: str, project: str) -> Iterator[None]:
    """Whatever Google's clients raise inside, as a DeliveryError about the table `where`, asked for by `project`."""
    try:
        yield
    except api.RetryError as error:
        cause: BaseException = error
        while isinstance(cause, api.RetryError) and cause.cause is not None:
            cause = cause.cause
        raise DeliveryError(_explain(cause, where, project)) from error
    except (
        api.GoogleAPIError,
        auth.GoogleAuthError,
        requests.RequestException,
        ConnectionError,
        TimeoutError,
    ) as error:
        raise DeliveryError(_explain(error, where, project)) from error


def reason_of(error: BaseException) -> str:
    """BigQuery's own word for what is wrong, such as `accessDenied`; empty where it told none."""
    errors: Any = getattr(error, "errors", None) or [{}]
    return str(errors[0].get("reason", "")) if isinstance(errors[0], dict) else ""


def _explain(error: BaseException, where: str, project: str) -> str:
    if isinstance(error, auth.DefaultCredentialsError):
        return f"{where} was not asked for: Google credentials are not found or not usable. {CREDENTIALS}"
    if isinstance(error, auth.GoogleAuthError) and not isinstance(error, auth.TransportError):
        kind = type(error).__name__
        return f"{where} was not asked for: the Google credentials were refused ({kind}). {CREDENTIALS}"
    if not isinstance(error, api.GoogleAPICallError):
        return f"{where} cannot be reached ({type(error).__name__}). {_NETWORK}"
    for explain in (_quota, _denied, _missing, _temporary):
        told = explain(error, where, project)
        if told:
            return told
    return f"{where} was refused: {_said(error)}"


def _said(error: api.GoogleAPICallError) -> str:
    # The client puts the request's method and address in front, and the job's number behind.
    text = " ".join(str(error.message or type(error).__name__).split())
    text = re.sub(r"^(GET|POST) https?://\S+?: ", "", text)
    return re.split(r" (?:Location|Job ID): ", text)[0][:300].rstrip(". ") + "."


def _quota(error: api.GoogleAPICallError, where: str, project: str) -> str | None:
    reason = reason_of(error)
    if reason == "bytesBilledLimitExceeded":
        return (
            f"{where} was not queried: more would be billed than asking for two columns of it can cost ({_said(error)})"
            " Nothing was billed. Check that the uri names the export's own table."
        )
    if reason == "quotaExceeded":
        return f"{where} was refused: a quota of project {project} is used up ({_said(error)}) {_PROJECT}"
    if reason in ("rateLimitExceeded", "jobRateLimitExceeded") or isinstance(error, api.TooManyRequests):
        return (
            f"{where} was refused, again after waiting: project {project} asks too often ({_said(error)})"
            f" Run again later. {_PROJECT}"
        )
    if reason in ("billingNotEnabled", "billingTierLimitExceeded"):
        return f"{where} was refused: project {project} has no billing ({_said(error)}) {_PROJECT}"
    return None


def _denied(error: api.GoogleAPICallError, where: str, project: str) -> str | None:
    if isinstance(error, api.Unauthorized):
        return f"{where} was refused: the Google credentials are not valid or have expired. {CREDENTIALS}"
    if not isinstance(error, api.Forbidden):
        return None
    permission = _PERMISSION.search(str(error.message))
    told = permission[0] if permission else reason_of(error) or "access denied"
    if told.startswith("bigquery.jobs."):
        mend = f"Grant the account roles/bigquery.jobUser on project {project}. {_PROJECT}"
    elif told.startswith("bigquery.readsessions."):
        mend = f"Grant the account roles/bigquery.readSessionUser on project {project}."
    elif "has not been used in project" in str(error.message) or "is disabled" in str(error.message):
        mend = f"Enable the BigQuery API in project {project}. {_PROJECT}"
    else:
        dataset = where.rsplit("/", 1)[0].removeprefix("bigquery://").replace("/", ".")
        mend = (
            f"Grant the account roles/bigquery.dataViewer on the dataset {dataset}, and roles/bigquery.jobUser on"
            f" project {project}. A perimeter of VPC Service Controls refuses in the same words."
        )
    return f"{where} may not be read ({told}). {mend}"


def _missing(error: api.GoogleAPICallError, where: str, project: str) -> str | None:
    del project
    said = _said(error)
    if isinstance(error, api.BadRequest) and "partition elimination" in said:
        return f"{where} wants a filter over another column than its ingestion time ({said}) Name the export's table."
    if not isinstance(error, api.NotFound):
        return None
    if "location" in said.lower():
        return (
            f"{where} is not in the location it was asked for in ({said}) The location is taken from the table: it was"
            " moved or made anew meanwhile. Run again."
        )
    what = "dataset" if "not found: dataset" in said.lower() else "table"
    return (
        f"there is no {what} {where} ({said}) Check project, dataset and table of the uri. A new export makes its table"
        " within a few hours."
    )


def _temporary(error: api.GoogleAPICallError, where: str, project: str) -> str | None:
    del project
    if isinstance(error, api.ServerError):
        return f"{where} did not answer, again after waiting ({_said(error)}) Run again later. {_NETWORK}"
    return None
