"""A company whose Azure exports are in a container."""

from pathlib import Path

from azurite import Container
from export_writers import Company

from finops_pipeline.config import Source
from finops_pipeline.extract.refresh import ExtractResult


class BlobCompany(Company):
    """A company whose Azure exports are written as files and uploaded to a container before each refresh."""

    def __init__(self, folder: Path, container: Container):
        super().__init__(folder)
        self.container = container

    def add_az(self, path: str = "", name: str = "payer", **more: str) -> None:
        uri = self.container.uri + (f"/{path}" if path else "")
        fields = {"name": name, "provider": "azure", "dataset": "cost_details", "uri": uri} | more
        self.sources.append(Source.model_validate(fields))

    def deliver(self, folder: Path | None = None) -> None:
        """The container as the local folder of it is now."""
        self.container.upload(folder or self.folder / "billing")

    def refreshed(self) -> ExtractResult:
        return self.refresh("azure_cost_details")
