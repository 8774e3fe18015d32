"""What a failing S3 request means to the person on call: which permission, which setting, which region.

No message repeats what a credential provider, a proxy or an endpoint's address may hold.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from botocore import exceptions as sdk
from botocore.exceptions import BotoCoreError, ClientError

from finops_pipeline.errors import DeliveryError

_CREDENTIALS = (
    "Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run where a role is attached to the machine."
)
_KEY = re.compile(r"arn:aws[a-z-]*:kms:[A-Za-z0-9:/_-]+")


def code_of(error: ClientError) -> str:
    """The error's code; for an answer without a body the HTTP status."""
    return str(error.response.get("Error", {}).get("Code", ""))


def explain_answer(error: ClientError, bucket: str, key: str, action: str) -> DeliveryError:
    """What S3 answered, for a request for this key (or prefix) that needs this action."""
    answer = _Answer(error, code_of(error), bucket, f"s3://{bucket}/{key}", action)
    if answer.code.startswith("KMS.") or (answer.code == "AccessDenied" and "kms:" in answer.message):
        return DeliveryError(_no_key(answer))
    for codes, explain in _MEANINGS:
        if answer.code in codes:
            return DeliveryError(explain(answer))
    return DeliveryError(f"{answer.where} was refused: {answer.code} {answer.message[:200]}. It needs {action}.")


def explain_no_answer(error: BotoCoreError, where: str) -> DeliveryError:
    """Why a request was never answered: credentials, configuration or network."""
    kind = type(error).__name__
    if isinstance(error, sdk.NoCredentialsError | sdk.PartialCredentialsError | sdk.NoAuthTokenError):
        found = "incomplete" if isinstance(error, sdk.PartialCredentialsError) else "not found"
        return DeliveryError(f"{where} was not asked for: AWS credentials are {found}. {_CREDENTIALS}")
    if isinstance(error, sdk.SSOError | sdk.TokenRetrievalError | sdk.LoginError):
        return DeliveryError(f"{where} was not asked for: the AWS sign-in has expired ({kind}). Run aws sso login.")
    if isinstance(error, sdk.CredentialRetrievalError | sdk.MetadataRetrievalError):
        return DeliveryError(f"{where} was not asked for: AWS credentials could not be had ({kind}). {_CREDENTIALS}")
    if isinstance(error, sdk.HTTPClientError | sdk.ConnectionError):
        return DeliveryError(
            f"{where} cannot be reached ({kind}). Check the network and its proxy, AWS_ENDPOINT_URL_S3 and the region,"
            " and run again."
        )
    return DeliveryError(
        f"{where} was not asked for: the AWS settings are not usable ({kind})."
        " Check the AWS_… variables and ~/.aws/config."
    )


@dataclass(frozen=True)
class _Answer:
    error: ClientError
    code: str
    bucket: str
    where: str
    action: str

    @property
    def message(self) -> str:
        return self.told("Message")

    def told(self, name: str) -> str:
        return str(self.error.response.get("Error", {}).get(name) or "")

    def header(self, name: str) -> str:
        return self.error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get(name) or ""


def _no_bucket(answer: _Answer) -> str:
    return (
        f"the bucket {answer.bucket} does not exist. Check the uri in finops.yaml, and that the credentials are of the"
        " partition (aws, aws-cn, aws-us-gov) the bucket is in."
    )


def _missing(answer: _Answer) -> str:
    return f"{answer.where} is missing"


def _changed(answer: _Answer) -> str:
    return f"{answer.where} changed while it was read. Run again when the delivery is complete."


def _denied(answer: _Answer) -> str:
    lists = answer.action == "s3:ListBucket"
    resource = "the bucket, for this prefix" if lists else "this key"
    also = "" if lists else ", and s3:ListBucket on the bucket: without it a missing key is denied, too"
    return (
        f"{answer.where} is denied: these credentials lack {answer.action}."
        f" Allow {answer.action} on {resource}{also}; the bucket's own policy must not deny it."
    )


def _no_key(answer: _Answer) -> str:
    found = _KEY.search(answer.message)
    key = f"the KMS key {found[0]}" if found else "the KMS key that the bucket encrypts with"
    return (
        f"{answer.where} is encrypted and was denied: these credentials lack kms:Decrypt. Allow kms:Decrypt on {key},"
        " in the key's policy too, and check that the key is enabled."
    )


def _archived(answer: _Answer) -> str:
    return (
        f"{answer.where} is archived in {answer.told('StorageClass') or 'an archive class'} and cannot be read. Restore"
        " it, and keep billing exports out of the bucket's lifecycle rule to Glacier."
    )


def _expired(answer: _Answer) -> str:
    return (
        f"{answer.where} was refused: the AWS session has expired ({answer.code})."
        " Sign in again (aws sso login), or renew AWS_SESSION_TOKEN."
    )


def _not_valid(answer: _Answer) -> str:
    return f"{answer.where} was refused: the AWS credentials are not valid ({answer.code}). {_CREDENTIALS}"


def _clock(answer: _Answer) -> str:
    return f"{answer.where} was refused: this machine's clock is wrong ({answer.code}). Synchronize it."


def _elsewhere(answer: _Answer) -> str:
    region = answer.header("x-amz-bucket-region") or answer.told("Region") or answer.told("Endpoint")
    return (
        f"{answer.where} was refused: the bucket {answer.bucket} is in {region or 'another region'}."
        f" Set AWS_DEFAULT_REGION={region or '(its region)'}, and check AWS_ENDPOINT_URL_S3."
    )


def _busy(answer: _Answer) -> str:
    tries = answer.error.response.get("ResponseMetadata", {}).get("RetryAttempts", 0) + 1
    return (
        f"{answer.where} was refused {tries} times: S3 throttles or fails ({answer.code})."
        " Run again later; downloads go on where they stopped."
    )


_MEANINGS: tuple[tuple[set[str], Callable[[_Answer], str]], ...] = (
    ({"NoSuchBucket"}, _no_bucket),
    ({"NoSuchKey", "404"}, _missing),
    ({"PreconditionFailed", "412"}, _changed),
    ({"AccessDenied", "AllAccessDisabled", "403"}, _denied),
    ({"InvalidObjectState"}, _archived),
    ({"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired", "InvalidToken"}, _expired),
    ({"InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidSecurity", "NotSignedUp"}, _not_valid),
    ({"RequestTimeTooSkewed"}, _clock),
    ({"PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "301"}, _elsewhere),
    ({"SlowDown", "Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequests", "429"}, _busy),
    ({"InternalError", "ServiceUnavailable", "RequestTimeout", "500", "502", "503", "504"}, _busy),
)
