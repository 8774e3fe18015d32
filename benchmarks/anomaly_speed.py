"""What one daily run of detection costs: ten thousand series of 400 days, each the variation of an invented one.

Usage: python -m benchmarks.anomaly_speed [SERIES]

A first run judges all mornings, that of the next day what is new. CPU is of this process and those it starts, the
making of the series left out.
"""

import resource
import sys
import time
from dataclasses import replace

import numpy as np
import pyarrow as pa

from benchmarks.anomaly_variations.__main__ import sample_world
from finops_pipeline.detect.findings import judge
from finops_pipeline.detect.panel import SETTLED, Panel, panel_of


def many_series(count: int) -> Panel:
    """A panel of `count` series: those of world a again and again, at other levels and with a little other noise."""
    table, late = sample_world("a", 0, share=0.3, late_share=0.2)
    names = np.unique(table["series_id"].to_numpy(zero_copy_only=False).astype(str))
    random = np.random.default_rng(0)
    tables, views = [], []
    for copy in range(-(-count // len(names))):
        level = float(random.uniform(0.5, 5))
        noise = random.normal(1, 0.01, table.num_rows)
        tables.append(_renamed(table, copy, {"cost": np.asarray(table["cost"]) * level * noise}))
        views.append(
            _renamed(late, copy, {name: np.asarray(late[name]) * level for name in ("cost_lag1", "cost_lag2")})
        )
    return panel_of(pa.concat_tables(tables), pa.concat_tables(views)).part(slice(0, count))


def _renamed(table: pa.Table, copy: int, columns: dict[str, np.ndarray]) -> pa.Table:
    names = [f"{name}-{copy:05d}" for name in table["series_id"].to_pylist()]
    for name, values in {"series_id": names, **columns}.items():
        table = table.set_column(table.column_names.index(name), name, pa.array(np.asarray(values)))
    return table


def as_seen(panel: Panel, days: int) -> Panel:
    """The panel as it stood so many days before its last morning."""
    length = np.minimum(panel.length, panel.last_morning - days)
    age = (length - np.arange(panel.cost.shape[1])[:, None]).T
    seen = {}
    for name in ("cost", "rows"):
        final, first, second = (getattr(panel, prefix + name) for prefix in ("", "first_", "second_"))
        late = [panel.late & (age == morning) for morning in (1, 2)]
        seen[name] = np.where(age < 1, np.nan, np.select(late, [first, second], final))
        seen["first_" + name] = np.where(age < 1, np.nan, first)
        seen["second_" + name] = np.where(age < 1, np.nan, np.where(age < 2, seen[name], second))
    seen["usage"] = np.where((age < 1) | (panel.late & (age < SETTLED)), np.nan, panel.usage)
    return replace(panel, length=length, last_morning=panel.last_morning - days, late=panel.late & (age >= 1), **seen)


def bench(count: int) -> None:
    """Judge `count` series as a first run does, and as the run of the next day does; print what it cost."""
    panel = many_series(count)
    series, days = panel.cost.shape
    kept = None
    for run, back in (("a first run", 1), ("the next day", 0)):
        today = as_seen(panel, back)
        before, started = _cpu_seconds(), time.perf_counter()
        kept = judge(today, kept)
        wall, cpu = time.perf_counter() - started, _cpu_seconds() - before
        print(
            f"{run}: anomalies in {series:,} series x {days} days: {int(kept.raised['told'].sum()):,} findings, "
            f"{cpu:.1f} CPU s, {wall:.1f} s wall"
        )


def _cpu_seconds() -> float:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)


if __name__ == "__main__":
    bench(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
