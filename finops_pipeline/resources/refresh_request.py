"""What one run was asked for, and the run lock it holds. Reading bills and building models happen elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
from pydantic import Field, PrivateAttr

from finops_pipeline.config import Config, load_config
from finops_pipeline.extract.refresh import Window
from finops_pipeline.rules import AllocationRules, load_rules
from finops_pipeline.run_lock import hold_run_lock
from finops_pipeline.settings import Settings, load_settings
from finops_pipeline.side_files.amortization import Amortization, load_amortization
from finops_pipeline.side_files.budgets import Budgets, load_budgets
from finops_pipeline.side_files.datasets import DatasetCatalog, load_dataset_catalog
from finops_pipeline.side_files.fx_rates import FxRate, load_fx_rates
from finops_pipeline.side_files.invoices import Invoices, load_invoices
from finops_pipeline.side_files.metrics import Metrics, load_metrics, metrics_path
from finops_pipeline.side_files.ownership import Ownership, load_ownership
from finops_pipeline.side_files.tag_policy import TagPolicy, load_tag_policy


class RefreshRequest(dg.ConfigurableResource):
    """The billing periods a run looks at, and whether it rebuilds what has not changed.

    Every step asks for it, so Dagster's in-process executor sets it up once, before the first step, and tears it
    down after the last: that is what makes it the place of the run lock and of the run's one clock.
    """

    from_period: str | None = Field(
        default=None, description="First billing period, YYYY-MM. Empty: the month before the open one."
    )
    to_period: str | None = Field(default=None, description="Last billing period, YYYY-MM. Empty: the open month.")
    rebuild: bool = Field(default=False, description="Rebuild and publish although nothing has changed.")

    _settings: Settings = PrivateAttr()
    _config: Config = PrivateAttr()
    _rules: AllocationRules = PrivateAttr()
    _metrics: Metrics = PrivateAttr()
    _datasets: DatasetCatalog = PrivateAttr()
    _fx_rates: tuple[FxRate, ...] = PrivateAttr()
    _budgets: Budgets = PrivateAttr()
    _tag_policy: TagPolicy = PrivateAttr()
    _invoices: Invoices = PrivateAttr()
    _amortization: Amortization = PrivateAttr()
    _ownership: Ownership = PrivateAttr()

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["RefreshRequest"]:
        """Read settings and configuration once and hold the run lock until the run has ended."""
        run = context.run
        self._settings = load_settings()
        self._config = load_config(self._settings.config_path)
        self._rules = load_rules(self._config)
        source_names = [source.name for source in self._config.sources]
        self._amortization = load_amortization(self._settings.config_path, source_names)
        self._ownership = load_ownership(self._settings.config_path, source_names)
        self._metrics = load_metrics(metrics_path(self._settings.config_path))
        self._datasets = load_dataset_catalog(self._settings.config_path)
        self._fx_rates = load_fx_rates(self._config)
        self._budgets = load_budgets(self._settings.config_path, self._config.reporting_currency)
        self._tag_policy = load_tag_policy(self._settings.config_path)
        self._invoices = load_invoices(self._settings.config_path, [source.name for source in self._config.sources])
        command = f"Dagster job {run.job_name}" if run else "Dagster"
        run_id = run.run_id if run else "unknown"
        with hold_run_lock(self._settings.run_lock, command=command, run_id=run_id, now=self._settings.now):
            yield self

    @property
    def settings(self) -> Settings:
        """Places and clock, the same for every step of the run."""
        return self._settings

    @property
    def config(self) -> Config:
        """The validated `finops.yaml`."""
        return self._config

    @property
    def rules(self) -> AllocationRules:
        """The validated allocation rules."""
        return self._rules

    @property
    def metrics(self) -> Metrics:
        """The validated business metrics."""
        return self._metrics

    @property
    def datasets(self) -> DatasetCatalog:
        """The validated catalog of datasets."""
        return self._datasets

    @property
    def fx_rates(self) -> tuple[FxRate, ...]:
        """The validated exchange rates into the reporting currency."""
        return self._fx_rates

    @property
    def amortization(self) -> Amortization:
        """The validated prepaid capacity."""
        return self._amortization

    @property
    def ownership(self) -> Ownership:
        """The validated rules for what tags miss."""
        return self._ownership

    @property
    def budgets(self) -> Budgets:
        """The validated budgets."""
        return self._budgets

    @property
    def tag_policy(self) -> TagPolicy:
        """The validated tag policy."""
        return self._tag_policy

    @property
    def invoices(self) -> Invoices:
        """The validated invoices, with tolerance and waivers."""
        return self._invoices

    @property
    def window(self) -> Window:
        """The billing periods asked for."""
        return Window(from_period=self.from_period, to_period=self.to_period, now=self._settings.now)
