"""The `finops` command: arguments, exit codes and errors. What a run does is the Dagster job `refresh` (`run.py`).

Exit codes: 0 done (published, or nothing new); 1 a source, a step or a blocking check failed and what is published is
untouched; 2 bad configuration or arguments. Heavy imports stay inside the commands, so that `finops --help` and a
faulty configuration answer at once.
"""

import os
import re
import shlex
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from finops_pipeline import __version__
from finops_pipeline.errors import ConfigurationError, FinopsError
from finops_pipeline.settings import PROJECT_ROOT, Settings, load_settings

app = typer.Typer(
    help="Where a company's AI and cloud money goes, exactly.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

allocation_app = typer.Typer(help="Try allocation rules.", no_args_is_help=True, add_completion=False)
app.add_typer(allocation_app, name="allocation")

alerts_app = typer.Typer(help="Tell people: digests by Slack, Teams, mail and webhook.", add_completion=False)
app.add_typer(alerts_app, name="alerts")

anomalies_app = typer.Typer(help="Show unusual cost, and say what it was.", add_completion=False)
app.add_typer(anomalies_app, name="anomalies")

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", metavar="F", help="Configuration file; else $FINOPS_CONFIG or finops.yaml."),
]


def main() -> None:
    """Run the command line. With no traceback for anything an operator can act on."""
    app()


@app.callback(invoke_without_command=True)
def _root(version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False) -> None:
    if version:
        typer.echo(f"finops {__version__}")
        raise typer.Exit


@app.command()
def run(
    config: ConfigOption = None,
    from_period: Annotated[
        str | None, typer.Option("--from", metavar="YYYY-MM", help="First billing period to read.")
    ] = None,
    to_period: Annotated[
        str | None, typer.Option("--to", metavar="YYYY-MM", help="Last billing period to read.")
    ] = None,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Rebuild and publish although nothing has changed.")
    ] = False,
) -> None:
    """Run the whole pipeline: extract, normalize, allocate, unit economics, checks, publish."""
    with _reported_errors():
        settings = _settings(config)
        _check_window(from_period, to_period)
        _check_configuration(settings)
        from finops_pipeline.run import refresh

        raise typer.Exit(refresh(settings, from_period=from_period, to_period=to_period, rebuild=rebuild))


@app.command()
def validate(config: ConfigOption = None) -> None:
    """Check the configuration and whether every source can be reached; say what is missing and how to mend it."""
    with _reported_errors():
        settings = _settings(config)
        loaded, rules = _check_configuration(settings)
        from finops_pipeline.extract.validate import describe_sources

        typer.echo(f"{settings.config_path}: valid; {len(rules.rules)} allocation rules from {loaded.allocation_path}")
        sources = (*loaded.sources, *loaded.usage)
        told = describe_sources(sources, settings.landing, settings.now)
        for source, line in zip(sources, told, strict=True):
            first, *more = str(line).splitlines() or [type(line).__name__]
            typer.echo("\n  ".join([f"{source.name}: {first}", *more]))
        faulty = sum(isinstance(line, FinopsError) for line in told)
        untold = _missing_alert_variables(settings)
        if faulty:
            raise FinopsError(f"{faulty} of {len(sources)} sources cannot be read.")
        if untold:
            raise FinopsError(f"{untold} variables of alerts.yaml are not set.")


@app.command()
def explain(
    allocation_id: Annotated[str, typer.Argument(metavar="ALLOCATION_ID", help="From fct_cost_allocations.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a tree.")] = False,
    lines: Annotated[int, typer.Option(min=0, help="Billed lines to show, the dearest first; 0 shows all.")] = 10,
) -> None:
    """Show where an allocated amount comes from: every factor, back to the billed lines."""
    with _reported_errors():
        from finops_pipeline import explain_text
        from finops_pipeline.explain import explain as find

        found = find(_settings(None).marts / "current", allocation_id, lines=lines or None)
        typer.echo(explain_text.as_json(found) if as_json else explain_text.as_tree(found))
        if not found.holds:
            raise typer.Exit(1)


@allocation_app.command()
def diff(
    rules: Annotated[Path, typer.Argument(metavar="RULES.yaml", help="The rules to try.")],
    period: Annotated[str, typer.Option("--period", metavar="YYYY-MM", help="A billing month of the last run.")],
    config: ConfigOption = None,
) -> None:
    """Show who would pay more and who less under other rules, on the charges of the last run."""
    with _reported_errors():
        _check_period("--period", period)
        settings = _settings(config)
        from finops_pipeline.allocation_diff import allocation_diff
        from finops_pipeline.rules import load_rules

        rows = allocation_diff(settings, load_rules(rules), period)
        width = max(len(row.payer) for row in rows)
        typer.echo(f"{'':{width}}  {'now':>18} {'then':>18} {'difference':>18}")
        for row in rows:
            figures = f"{row.before:>18,.2f} {row.after:>18,.2f} {row.difference:>+18,.2f}"
            typer.echo(f"{row.payer:{width}}  {figures} {row.billing_currency}")
        for currency in sorted({row.billing_currency for row in rows}):
            change = sum(row.difference for row in rows if row.billing_currency == currency)
            typer.echo(f"total changes by {change:f} {currency}")


@app.command()
def sample(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to write the sample company into.")],
    rows: Annotated[int | None, typer.Option(min=1, help="About how many billing lines in all.")] = None,
    months: Annotated[
        list[str] | None, typer.Option("--month", metavar="YYYY-MM", help="A billing month; repeat for several.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Another company with the same shape.")] = None,
) -> None:
    """Write a small AI company's exports of three clouds, its usage feeds and the truth behind them."""
    with _reported_errors():
        for month in months or []:
            _check_period("--month", month)
        from finops_pipeline.sample import write_sample

        chosen: dict[str, Any] = {"months": tuple(months) if months else None, "rows": rows, "seed": seed}
        summary = write_sample(directory, **{name: value for name, value in chosen.items() if value is not None})
        lines = sum(rows.rows for rows in summary.sources.values())
        feeds = sum(summary.usage_rows.values())
        typer.echo(
            f"{directory}: {lines:,} billing lines of {', '.join(summary.sources)} and {feeds:,} usage rows "
            f"for {' and '.join(summary.months)} ({summary.seconds:.0f} s)"
        )
        typer.echo(f"Next:  finops run --config {shlex.quote(str(directory / 'finops.yaml'))}")


@app.command()
def dev(
    config: ConfigOption = None,
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 3000,
) -> None:
    """Start the Dagster UI on 127.0.0.1 with the same definitions, data and run history."""
    with _reported_errors():
        settings = _settings(config)
        from finops_pipeline.dagster_home import prepare_homes

        prepare_homes(settings)
        dagster = Path(sys.executable).with_name("dagster")
        arguments = ["dagster", "dev", "-w", "workspace.yaml", "-h", "127.0.0.1", "-p", str(port)]
        # workspace.yaml names its working directory relative to itself.
        os.chdir(PROJECT_ROOT)
        os.execv(dagster, arguments)


@alerts_app.callback(invoke_without_command=True)
def alerts_list(context: typer.Context, config: ConfigOption = None) -> None:
    """Show the channels, what they were told last, and what could not be delivered."""
    with _reported_errors():
        settings = _settings(config)
        if context.invoked_subcommand is not None:
            return
        from finops_pipeline.alerts.commands import listed

        for line in listed(settings):
            typer.echo(line)


@alerts_app.command("send")
def alerts_send(
    config: ConfigOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the digests, send and remember nothing.")] = False,
) -> None:
    """Send what is due after the last run, and what could not be delivered before."""
    with _reported_errors():
        from finops_pipeline.alerts import commands

        settings = _settings(config)
        for line in commands.dry_run(settings) if dry_run else commands.sent(settings):
            typer.echo(line)


@alerts_app.command("test")
def alerts_test(
    channel: Annotated[str, typer.Argument(metavar="CHANNEL", help="A name in alerts.yaml.")],
    config: ConfigOption = None,
) -> None:
    """Send a test message to one channel."""
    with _reported_errors():
        from finops_pipeline.alerts.commands import tested

        typer.echo(tested(_settings(config), channel))


def _missing_alert_variables(settings: Settings) -> int:
    """Tell which secrets of alerts.yaml the environment lacks, and which names nothing has; how many secrets."""
    from finops_pipeline.alerts.configuration import load_alerts, missing_variables
    from finops_pipeline.alerts.unmatched import amiss

    alerts = load_alerts(settings.config_path)
    if alerts is None:
        return 0
    for line in amiss(settings, alerts):
        typer.echo(line)
    missing = missing_variables(alerts)
    if not missing:
        typer.echo(f"alerts: {len(alerts.channels)} channels; `finops alerts test CHANNEL` tries one")
    return len(missing)


@anomalies_app.callback(invoke_without_command=True)
def anomalies(
    context: typer.Context,
    config: ConfigOption = None,
    show_all: Annotated[bool, typer.Option("--all", help="Acknowledged ones too.")] = False,
) -> None:
    """Show the anomalies of the last run: what, how much, what drove it, where to look."""
    with _reported_errors():
        settings = _settings(config)
        if context.invoked_subcommand is not None:
            return
        from finops_pipeline.anomaly_list import listed

        for line in listed(settings, show_all=show_all):
            typer.echo(line)


@anomalies_app.command("ack")
def anomalies_ack(
    anomaly_id: Annotated[str, typer.Argument(metavar="ID", help="From `finops anomalies`.")],
    verdict: Annotated[str, typer.Option("--as", metavar="expected|not-an-anomaly", help="What it turned out to be.")],
    note: Annotated[str | None, typer.Option("--note", help="Why, for whoever asks later.")] = None,
    config: ConfigOption = None,
) -> None:
    """Remember what an anomaly was, in anomalies.yaml beside finops.yaml: it raises no alarm any more."""
    with _reported_errors():
        from finops_pipeline.anomaly_list import acknowledged

        typer.echo(acknowledged(_settings(config), anomaly_id, verdict, note))


def _settings(config: Path | None) -> Settings:
    """The environment, with `--config` put into it: a group's option holds for the command behind it, too."""
    if config is not None:
        os.environ["FINOPS_CONFIG"] = str(config)
    return load_settings()


def _check_configuration(settings: Settings) -> tuple[Any, Any]:
    """Read configuration and rules before anything costly, so that a fault in them is told at once."""
    from finops_pipeline.config import load_config
    from finops_pipeline.rules import load_rules
    from finops_pipeline.side_files.amortization import load_amortization
    from finops_pipeline.side_files.anomaly_feedback import load_anomaly_feedback
    from finops_pipeline.side_files.budgets import load_budgets
    from finops_pipeline.side_files.datasets import load_dataset_catalog
    from finops_pipeline.side_files.fx_rates import load_fx_rates
    from finops_pipeline.side_files.invoices import load_invoices
    from finops_pipeline.side_files.metrics import load_metrics, metrics_path
    from finops_pipeline.side_files.ownership import load_ownership
    from finops_pipeline.side_files.tag_policy import load_tag_policy

    config = load_config(settings.config_path)
    load_metrics(metrics_path(settings.config_path))
    load_dataset_catalog(settings.config_path)
    source_names = [source.name for source in config.sources]
    load_amortization(settings.config_path, source_names)
    load_ownership(settings.config_path, source_names)
    load_anomaly_feedback(settings.config_path)
    load_fx_rates(config)
    load_budgets(settings.config_path, config.reporting_currency)
    load_tag_policy(settings.config_path)
    load_invoices(settings.config_path, [source.name for source in config.sources])
    return config, load_rules(config)


def _check_window(from_period: str | None, to_period: str | None) -> None:
    for option, period in (("--from", from_period), ("--to", to_period)):
        if period is not None:
            _check_period(option, period)
    if from_period and to_period and from_period > to_period:
        raise ConfigurationError(f"--from {from_period} is after --to {to_period}; give the earlier month first.")


def _check_period(option: str, period: str) -> None:
    if not re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])", period):
        raise ConfigurationError(f"{option} is {period!r}; expected a billing period YYYY-MM such as 2026-10.")


@contextmanager
def _reported_errors() -> Iterator[None]:
    """One message for what an operator can act on; a short trace for what is a fault of this program."""
    try:
        yield
    except typer.Exit:
        raise
    except KeyboardInterrupt:
        typer.echo("\ninterrupted; what is published is untouched", err=True)
        raise typer.Exit(130) from None
    except BrokenPipeError:
        # The reader (`| head`) has what it wanted; nobody is left to tell, and Python must not try at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(1) from None
    except Exception as error:
        known = _known(error)
        if known is not None:
            typer.echo(f"error: {known}", err=True)
            raise typer.Exit(known.exit_code) from None
        trace = traceback.format_exception(error, limit=-4)
        typer.echo("".join(trace).rstrip(), err=True)
        typer.echo("error: this is a fault of finops itself; please report the lines above", err=True)
        raise typer.Exit(1) from None


def _known(error: BaseException | None) -> FinopsError | None:
    """The operator's error inside whatever a framework wrapped around it."""
    while error is not None:
        if isinstance(error, FinopsError):
            return error
        error = error.__cause__ or error.__context__
    return None
