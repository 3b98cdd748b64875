# hotswap-tui: everything that a machine needs, from nothing. `make` lists the targets.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory

VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.9
UV := UV_PROJECT_ENVIRONMENT=$(VENV) $(BIN)/uv sync --frozen --inexact --quiet --python $(BIN)/python
PYTHON_PART = $(if $(wildcard $(BIN)/python),,python)
ARGS ?=
# Without what was compiled before, each of the hundreds of Pythons that the tests start compiles everything anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo test pytest thorough simulation coverage lint screenshots bench mutants clean machine-demo machine-all machine-screenshots

help: ## list the targets
	@sed -n 's/^\([a-z]*\):[^#]*## /\1\t/p' $(MAKEFILE_LIST) | while IFS='	' read -r target what; do printf '  make %-12s %s\n' "$$target" "$$what"; done

setup: $(VENV)/.dev | machine-all ## prepare this machine: Debian packages and .venv; run nothing

demo: $(VENV)/.demo | machine-demo ## watch the dashboard over two real, throw-away servers (ARGS=--script: without a terminal)
	@exec $(BIN)/hotswap-tui demo $(ARGS)

test: $(VENV)/.dev | machine-all ## check and test everything, as CI does
	@$(MAKE) --jobs=2 lint pytest

pytest: $(VENV)/.dev | machine-all
	$(BIN)/python -m pytest $(ARGS)

thorough: $(VENV)/.dev | machine-all ## run every test, those included that keep real servers busy for many seconds
	$(BIN)/python -m pytest -m '' $(ARGS)

simulation: $(VENV)/.dev | machine-all ## run the engine through more than ten thousand simulated hours of trouble
	HOTSWAP_SIMULATED_HOURS=10400 HOTSWAP_SIMULATION_SHARDS=104 $(BIN)/python -m pytest --numprocesses=2 tests/simulation $(ARGS)

coverage: $(VENV)/.dev | machine-all ## print which lines and branches no test reaches
	$(BIN)/python -m pytest --ignore=tests/simulation --cov --cov-report=term $(ARGS)

lint: $(VENV)/.dev | machine-all ## check format, style, types and the contracts between the rooms
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

screenshots: $(VENV)/.dev | machine-screenshots ## make screenshots/ anew from the real program
	$(BIN)/python -m hotswap_tui.demo.pictures screenshots/ $(ARGS)

bench: $(VENV)/.dev | machine-all ## print what the dashboard costs and what clients feel of each fault, beside the targets (ARGS=traffic: the latter)
	$(BIN)/python -m tests.bench $(ARGS)

mutants: $(VENV)/.dev | machine-all ## show that the tests catch every seeded fault in the state machine
	$(BIN)/python -m tests.mutants $(ARGS)

clean: ## remove .venv and everything that was generated
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage .coverage.*
	find hotswap_tui tests -name __pycache__ -type d -prune -exec rm -rf {} +

machine-demo: # without PgBouncer the demo still works, and says that nothing is moved
	@sh .ci/machine $(PYTHON_PART) pgbouncer || sh .ci/machine $(PYTHON_PART)

machine-all:
	@sh .ci/machine $(PYTHON_PART) pgbouncer tmux ip

machine-screenshots:
	@sh .ci/machine $(PYTHON_PART) pgbouncer rsvg-convert

# Where the Python that it was made from is gone, .venv/bin/python leads nowhere, counts as missing and is made again.
$(BIN)/python: | machine-demo
	@echo 'hotswap-tui: making $(VENV)'
	@rm -f $(VENV)/.uv-* $(VENV)/.demo $(VENV)/.dev
	@"$$(sh .ci/machine --python)" -m venv --clear $(VENV)

$(VENV)/.uv-$(UV_VERSION): | $(BIN)/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv==$(UV_VERSION)'
	@touch $@

$(VENV)/.demo: pyproject.toml uv.lock $(VENV)/.uv-$(UV_VERSION)
	@echo 'hotswap-tui: installing into $(VENV)'
	@$(UV) --no-dev --extra demo
	@touch $@

$(VENV)/.dev: pyproject.toml uv.lock $(VENV)/.uv-$(UV_VERSION)
	@echo 'hotswap-tui: installing into $(VENV), with the tools for development'
	@$(UV) --all-extras
	@touch $(VENV)/.demo $@
