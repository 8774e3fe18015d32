"""A configured company whose AWS exports are in buckets."""

from export_writers import Company

from finops_pipeline.config import Source


class CloudCompany(Company):
    """A company whose exports are in a bucket."""

    def add_s3(self, dataset: str, uri: str, name: str = "payer") -> None:
        self.sources.append(Source.model_validate({"name": name, "provider": "aws", "dataset": dataset, "uri": uri}))
