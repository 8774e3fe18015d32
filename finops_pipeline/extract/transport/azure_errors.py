"""What a failing request to Azure Blob Storage means to a person: the blob, what is wrong, and the next step.

The store's own texts are not passed on: they are long, and hold parts of signatures.
"""

import re

from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    IncompleteReadError,
    ServiceRequestError,
    ServiceResponseError,
)

from finops_pipeline.errors import DeliveryError

RETRIES = 5
"""Of one request, behind the first try: with the pauses a minute of throttling is waited out."""

_RENEW = (
    "Sign in again or renew AZURE_STORAGE_CONNECTION_STRING, and check this machine's clock: a signature, token or key"
    " that has expired, was rotated or belongs to another tenant is refused like this."
)
_ROLE = (
    "this identity may not read blobs. Give it the role Storage Blob Data Reader on the container {container} of"
    " {account}; a new role takes up to ten minutes."
)
_SIGNATURE = (
    "the shared access signature does not allow this. Make one with read and list for containers and objects of the"
    " blob service, or use an identity with the role Storage Blob Data Reader."
)
_BUSY = "the store was too busy for it, {tries} times. Run again later: what was downloaded is kept."

_MEANINGS = {
    "AuthorizationPermissionMismatch": _ROLE,
    "InsufficientAccountPermissions": _ROLE,
    "AuthorizationFailure": (
        "the storage account turns this machine away. Under Networking of {account} allow its address, its network or a"
        " private endpoint; with an account key, check that Configuration allows key access."
    ),
    "KeyBasedAuthenticationNotPermitted": (
        "{account} allows no account keys. Unset AZURE_STORAGE_CONNECTION_STRING and use an identity with the role"
        " Storage Blob Data Reader."
    ),
    "PublicAccessNotPermitted": "it was asked for without a credential. " + _RENEW,
    "NoAuthenticationInformation": "it was asked for without a credential. " + _RENEW,
    "AuthenticationFailed": "the credential is not accepted. " + _RENEW,
    "InvalidAuthenticationInfo": "the credential is not accepted. " + _RENEW,
    "AuthorizationSourceIPMismatch": _SIGNATURE,
    "AuthorizationProtocolMismatch": _SIGNATURE,
    "AuthorizationServiceMismatch": _SIGNATURE,
    "AuthorizationResourceTypeMismatch": _SIGNATURE,
    "AccountIsDisabled": "the storage account {account} is disabled. Enable it, or check its subscription.",
    "ContainerNotFound": (
        "there is no container {container} in the storage account {account}. Check the uri in finops.yaml; expected"
        " az://account/container/root/export."
    ),
    "ContainerBeingDeleted": "the container {container} is being deleted. Check the uri in finops.yaml.",
    "BlobNotFound": "it is missing. Wait for the provider's next delivery, or restore it, and run again.",
    "BlobArchived": "it is in the archive tier. Rehydrate it, and leave exports out of the lifecycle rule.",
    "BlobBeingRehydrated": "it is on its way out of the archive tier. Run again when it is there.",
    "ConditionNotMet": "it changed while it was read. Run again when the delivery is complete.",
    "ServerBusy": _BUSY,
    "TooManyRequests": _BUSY,
    "OperationTimedOut": _BUSY,
    "InternalError": _BUSY,
}

_SIGN_INS = {
    "AADSTS7000222": "the client secret has expired",
    "AADSTS7000215": "the client secret is wrong",
    "AADSTS700016": "the application is not in this tenant",
    "AADSTS90002": "there is no such tenant",
    "AADSTS700082": "the sign-in has expired",
    "AADSTS70043": "the sign-in has expired",
    "AADSTS50173": "the sign-in was revoked",
}


def code_of(error: AzureError) -> str | None:
    """The store's own word for what is wrong; None where it gave none."""
    response = getattr(error, "response", None)
    told = response.headers.get("x-ms-error-code") if response is not None else None
    code = told or getattr(error, "error_code", None)
    return str(getattr(code, "value", code)) if code else None


def broke_off(error: AzureError) -> bool:
    """Whether an answer began and did not come to its end, or a connection was lost: worth going on with."""
    if isinstance(error, ServiceRequestError):
        return not _is_unresolved(error)
    return isinstance(error, ServiceResponseError | IncompleteReadError) or (
        isinstance(error, HttpResponseError)
        and not isinstance(error, ClientAuthenticationError)
        and error.response is None
    )


def explain(error: AzureError, account: str, container: str, key: str) -> DeliveryError:
    """The refusal that a person reads."""
    where = f"az://{account}/{container}/{key}"
    response = getattr(error, "response", None)
    if response is None:
        return DeliveryError(f"{where} cannot be read: {_no_answer(error, account)}")
    code = code_of(error)
    meaning = _MEANINGS.get(code or "") or (_BUSY if response.status_code in (429, 500, 503) else None)
    if meaning is None:
        request = response.headers.get("x-ms-request-id", "unknown")
        meaning = f"the answer was not expected. Run again; Azure's support finds it by its request id {request}."
    told = meaning.format(account=account, container=container, tries=RETRIES + 1)
    return DeliveryError(f"{where} cannot be read ({response.status_code} {code or 'without a code'}): {told}")


def _no_answer(error: AzureError, account: str) -> str:
    if isinstance(error, ClientAuthenticationError):
        told = re.search(r"AADSTS\d+", str(error))
        why = f" ({told[0]}: {_SIGN_INS.get(told[0], 'see its documentation')})" if told else ""
        return (
            f"no credential for Azure was found or accepted{why}. Run where a managed or workload identity is, set"
            " AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, run `az login`, or set"
            " AZURE_STORAGE_CONNECTION_STRING."
        )
    if _is_unresolved(error):
        return (
            f"the host of the storage account {account} cannot be resolved. Check the account in the uri, and this"
            " machine's DNS; an account with private endpoints needs their private DNS zone."
        )
    return (
        f"the storage account {account} does not answer ({type(error).__name__}). Check this machine's network and"
        " proxy, and run again."
    )


def _is_unresolved(error: AzureError) -> bool:
    return "resolve" in str(error).lower() or "name or service not known" in str(error).lower()
