"""What the company says beside `finops.yaml`: one module a file, each a typed model and the small table dbt reads.

| file | says | module |
|---|---|---|
| `amortization.yaml` | what is prepaid, and over which term it is spread | `amortization.py` |
| `anomalies.yaml` | which anomalies are known (`finops anomalies ack`) | `anomaly_feedback.py` |
| `budgets.yaml` | what may be spent | `budgets.py` |
| `datasets.yaml` | where a dataset lies, whose it is, how long it may stay | `datasets.py` |
| `invoices.yaml` | what the providers' invoices add up to, and known differences | `invoices.py` |
| `metrics.yaml` | what a customer, document or prompt is, and which cost it carries | `metrics.py` |
| `ownership.yaml` | who owns what tags miss, since when | `ownership.py` |
| `tag_policy.yaml` | which tags a charge must carry, with which values | `tag_policy.py` |

The rates that `fx_rates` names (`fx_rates.py`) and the vendors of `finops.yaml` (`vendors.py`) are landed in the same
way. `reading.py` reads and lands, `charge_selection.py` is how several of them pick charges. Allocation rules are
larger and have a package of their own, `rules/`; `alerts.yaml` belongs to `alerts/`.
"""
