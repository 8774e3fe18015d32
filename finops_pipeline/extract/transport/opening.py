"""From a uri of the configuration to the transport that reaches it. The SDKs are imported when they are needed."""

from pathlib import Path

from finops_pipeline.extract.transport.local_folder import LocalFolder
from finops_pipeline.extract.transport.object_store import Bucket, ObjectStore
from finops_pipeline.extract.transport.protocol import Transport
from finops_pipeline.uris import cloud_parts, local_path, scheme_of

DOWNLOADS = ".downloads"
"""The folder of the landing zone that local copies of cloud files are in while they are read."""


def open_transport(uri: str, landing: Path) -> Transport:
    """The transport of an export's own folder; nothing is asked of a store yet.

    Args:
        uri: a checked uri of `finops.yaml`: file://, s3:// or az://.
        landing: the landing zone, for the copies of files that must be downloaded.

    Raises:
        DeliveryError: the cloud's client finds no credentials, or its settings contradict each other.
    """
    scheme = scheme_of(uri)
    if scheme == "s3":
        from finops_pipeline.extract.transport.s3 import S3Objects

        name, *folders = cloud_parts(uri)
        return ObjectStore(S3Objects(name), Bucket(scheme, name, tuple(folders)), landing / DOWNLOADS)
    if scheme == "az":
        from finops_pipeline.extract.transport.azure_blob import BlobObjects

        account, name, *folders = cloud_parts(uri)
        return ObjectStore(BlobObjects(account, name), Bucket(scheme, name, tuple(folders)), landing / DOWNLOADS)
    return LocalFolder(local_path(uri))
