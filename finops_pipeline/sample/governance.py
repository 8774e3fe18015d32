"""The sample company's budgets and tag policy: what it planned to spend, and how it wants its resources tagged.

Two budgets are broken by planted incidents alone: the assistant's by the forgotten notebook, research's by the agent
loop.
"""

from pathlib import Path

BUDGETS = """# What the sample company planned to spend. Amounts in the reporting currency unless a currency is named.
version: 1
budgets:
  - {name: all-ai, owner: finops, period: month, amount: 580000}
  - {name: all-ai-quarter, owner: finops, period: quarter, amount: 1740000}
  - {name: foundation, owner: foundation, period: month, amount: 180000, cost: {team: [foundation]}}
  - name: assistant
    owner: assistant
    period: month
    share: {of: all-ai, percent: 11}
    cost: {team: [assistant]}
    warn_at: {actual: [80, 100], forecast: [100]}
  - name: research-tokens
    owner: research
    period: month
    amount: "25000.00"
    cost: {team: [research], cost_layer: [model_usage]}
    warn_at: {actual: [90, 100], forecast: [110]}
  - {name: semantic-search, owner: search, period: month, amount: 30000, cost: {project: [semantic-search]}}
  - {name: embedder-large, owner: search, period: month, amount: 6000, cost: {model_name: [embedder-large]}}
  - {name: idle-gpus, owner: platform, period: month, share: {of: total, percent: 20}, cost: {cost_use: [idle]}}
  - {name: google-ai, owner: finops, period: quarter, amount: 600000, cost_basis: billed,
     tag: {key: cost-boundary, values: [ai]}}
"""

TAG_POLICY = """# How the sample company tags its resources; spellings are those of allocation.yaml's owner_tags.
version: 1
coverage_floor_percent: 85
keys:
  - key: team
    owner: finops
    values: [foundation, research, assistant, search, vision, data-platform, platform]
  - {key: project, owner: finops, max_values: 40}
  - {key: environment, owner: platform, values: [prod, dev, staging, test]}
  - {key: cost-boundary, owner: finops, required: false}
"""


def write_governance(directory: Path) -> None:
    """Write `budgets.yaml` and `tag_policy.yaml` into the company's folder."""
    (directory / "budgets.yaml").write_text(BUDGETS, encoding="utf-8")
    (directory / "tag_policy.yaml").write_text(TAG_POLICY, encoding="utf-8")
