# Everything a newcomer types. `make` lists the targets; each sets up what it needs.
# Needs Python >= 3.11, make and git. Nothing is installed outside this folder.

.DEFAULT_GOAL := help
SHELL := /bin/sh

# The newest supported interpreter on the machine; override with `make PYTHON=/path/to/python3 demo`.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
UV_VERSION := 0.13.9
BIN := .venv/bin
export DAGSTER_DISABLE_TELEMETRY := 1
export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export DO_NOT_TRACK := 1

# The demo keeps its data apart from a real `.finops`, and its clock inside the sample's story.
DEMO_HOME := $(CURDIR)/.finops/demo
DEMO_NOW := 2026-11-03T06:00:00Z
DEMO_ENV := FINOPS_HOME=$(DEMO_HOME) FINOPS_CONFIG=$(DEMO_HOME)/company/finops.yaml FINOPS_NOW=$(DEMO_NOW)

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

.PHONY: setup
setup: .venv/.synced ## create .venv with the locked versions

.venv/.synced: pyproject.toml uv.lock
	@test -n "$(PYTHON)" || { echo "No Python 3.11 or newer found: install one, or name it: make PYTHON=/path/to/python3 ..."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { echo "$(PYTHON) cannot make a virtual environment: install its venv module (Debian: python3-venv)."; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@echo "Installing the locked packages into .venv ..."
	@env -u VIRTUAL_ENV $(BIN)/uv sync --locked --inexact --compile-bytecode --quiet
	@touch $@

.PHONY: demo
demo: setup ## write a sample company's bills and run the whole pipeline on them
	@$(DEMO_ENV) $(BIN)/finops sample $(DEMO_HOME)/company
	@$(DEMO_ENV) $(BIN)/finops run

.PHONY: dev
dev: setup ## the Dagster UI on http://127.0.0.1:3000 (your finops.yaml, or the demo's data)
	@if [ -f finops.yaml ] || [ -n "$$FINOPS_CONFIG" ]; then $(BIN)/finops dev; else $(DEMO_ENV) $(BIN)/finops dev; fi

# An older engine beside the locked one, as BI tools have it: the published file must open in it.
.venv/duckdb-1.5/.synced: .venv/.synced
	@env -u VIRTUAL_ENV $(BIN)/uv pip install --quiet --python $(BIN)/python --target .venv/duckdb-1.5 duckdb==1.5.5
	@touch $@

# Azurite: Blob Storage on loopback, for the tests of Azure exports. Without npm those are skipped, with a reason.
AZURITE := .venv/azurite/.installed-3.35.0
$(AZURITE): | .venv/.synced
	@mkdir -p $(@D)
	@if npm install --prefix $(@D) --no-audit --no-fund --no-package-lock --ignore-scripts --omit=optional --loglevel=error \
		azurite@3.35.0 >/dev/null; then touch $@; else echo "Azurite cannot be installed: it needs node and npm. Going on without it."; fi

# The BigQuery emulator, for the tests of Google Cloud's exports.
.venv/bqemulator/.synced: tests/integration/gcp/requirements.txt | .venv/.synced
	@env -u VIRTUAL_ENV $(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python $(@D)
	@env -u VIRTUAL_ENV $(BIN)/uv pip install --quiet --python $(@D)/bin/python -r $<
	@touch $@

# The FinOps Foundation's validator needs Python 3.12 and older packages than ours. Without 3.12 its tests are skipped.
PYTHON312 = $(shell for p in python3.12 "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/3.12.*/bin/python; do \
	$$p -c 'import sys; sys.exit(sys.version_info[:2] != (3, 12))' 2>/dev/null && echo $$p && break; done)
.venv/focus-validator/.synced: tests/end_to_end/focus_validator.requirements.txt | .venv/.synced
	@if [ -z "$(PYTHON312)" ]; then echo "No Python 3.12 found: going on without the FOCUS validator."; else \
		env -u VIRTUAL_ENV $(BIN)/uv venv --quiet --allow-existing --no-python-downloads --python "$(PYTHON312)" $(@D) \
		&& env -u VIRTUAL_ENV $(BIN)/uv pip install --quiet --python $(@D)/bin/python -r $< && touch $@; fi

.PHONY: test
test: setup .venv/duckdb-1.5/.synced .venv/bqemulator/.synced .venv/focus-validator/.synced $(AZURITE) ## run all tests
	@$(BIN)/pytest -n 2 --dist loadfile

.PHONY: lint
lint: setup ## check style, types, SQL and the lock file
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/basedpyright
	@PYTHONWARNINGS=ignore $(BIN)/sqlfluff lint dbt_project/models dbt_project/tests
	@env -u VIRTUAL_ENV $(BIN)/uv lock --check --quiet

# The FinOps Foundation's converter, a peer of the bench with older packages than ours. Without it its row is left out.
.venv/focus-converter/.synced: benchmarks/peer_focus_converter.requirements.txt | .venv/.synced
	@env -u VIRTUAL_ENV $(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python $(@D)
	@if env -u VIRTUAL_ENV $(BIN)/uv pip install --quiet --python $(@D)/bin/python -r $<; then touch $@; \
		else echo "focus-converter cannot be installed here. Going on without it."; fi

.PHONY: bench
bench: setup .venv/focus-converter/.synced ## measure CPU and memory beside a floor and a peer
	@$(BIN)/python -m benchmarks

.PHONY: clean
clean: ## remove the demo's data and build leftovers (never a .finops of your own)
	@rm -rf $(DEMO_HOME) dbt_project/target dbt_project/logs .pytest_cache .ruff_cache .hypothesis
