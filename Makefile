# Two commands: `make run` starts the server, `make test` runs everything that must pass.
# Both do all set-up by themselves and cost nothing when it is done.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --disable-pip-version-check --quiet --no-input --no-compile --constraint constraints.txt
PYTEST_WORKERS ?= 2
ARGS ?=

.PHONY: help run test lint format bench constraints servers clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-12s %s\n", $$1, $$2 }'

run: $(VENV)/.installed ## start the server on http://127.0.0.1:8000 (PORT=, HOST= and AUTHSERVER_* are honoured)
	@exec $(BIN)/authserver quickstart $(ARGS)

test: $(VENV)/.installed-dev servers lint ## lint, then every test, then the coverage gates (ARGS= goes to pytest)
	@rm -f .coverage .coverage.* coverage.json
	@$(BIN)/python -m pytest -n $(PYTEST_WORKERS) --dist loadfile --cov --cov-report=json --cov-report= --coverage-gate $(ARGS)

lint: $(VENV)/.installed-dev ## style, types and the layers of the architecture
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

format: $(VENV)/.installed-dev ## put the code into the one format
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(VENV)/.installed-dev ## measure the endpoints on this machine (ARGS= goes to the benchmark)
	@$(BIN)/python -m tests.performance.bench $(ARGS)

servers: $(VENV)/.installed-dev ## install the servers that tests need (with root)
	@$(BIN)/python -m tests.servers.install

constraints: $(VENV)/.installed-dev ## write the versions installed now to constraints.txt
	@$(BIN)/python -m pip freeze --all --exclude-editable --exclude authserver > constraints.txt

clean: ## remove what the targets here made, except instance/ and keys/
	@rm -rf $(VENV) build *.egg-info .coverage .coverage.* coverage.json .pytest_cache .mypy_cache .ruff_cache .hypothesis

# --- set-up ------------------------------------------------------------------------------------

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed: apt-get install python3 python3-venv" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or later is needed; $(PYTHON) is older. Name another one with PYTHON=" >&2; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip' 2>/dev/null || { \
	  if [ "$$(id -u)" = 0 ]; then apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null; \
	  else echo "The venv module is missing: apt-get install python3-venv" >&2; exit 1; fi; }
	@"$(PYTHON)" -m venv $(VENV)

# The pinned pip and setuptools come first: older ones know neither dependency groups nor licence expressions.
# Nothing is compiled ahead: Python compiles what it imports, a third of what is installed.
$(VENV)/.installed: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing authserver into $(VENV) ..."
	@$(INSTALL) pip setuptools
	@PYTHONWARNINGS="ignore:Editable installation" $(INSTALL) --no-build-isolation --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	@echo "Installing what lint and tests need ..."
	@$(INSTALL) --group dev
	@touch $@
