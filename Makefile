# Flurbuch: `make demo` shows it, `make test` proves it. `make help` lists the rest.
SHELL   := /bin/sh
VENV    := .venv
BIN     := $(VENV)/bin
SERVE   ?= 1
PARCELS ?= 5000
PIP     := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile

.DEFAULT_GOAL := help
.PHONY: help demo test check format lock tools clean bench peers
.DELETE_ON_ERROR:

help: ## This list
	@grep -hE '^[a-z][a-z-]*:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

demo: $(VENV)/.runtime ## Build the demo city, import, merge, print; then serve (SERVE=0 stops before)
	@FLURBUCH_SYNTHETIC=true $(BIN)/python -m data.demo --parcels $(PARCELS) $(if $(filter 0,$(SERVE)),--no-serve)

test: $(VENV)/.dev tools ## All tests; installs a browser and GDAL's programs where it may
	@$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

check: $(VENV)/.dev ## Format, lint, types, import direction
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(VENV)/.dev ## Format and sort what a tool can
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format --quiet .

bench: $(VENV)/.dev ## Measure import, merge, serve and print beside their peers; writes var/bench/
	@$(BIN)/python -m tests.bench $(ARGS)

bench-%: $(VENV)/.dev
	@$(BIN)/python -m tests.bench $* $(ARGS)

peers: ## Install the servers that bench-serve measures beside ours, where this machine lets us
	@sh scripts/peers.sh

proof-search: $(VENV)/.dev ## Look for new counter-examples: the property tests with other random cases
	@$(BIN)/python -m pytest -n 2 --dist loadfile --hypothesis-profile=search $(ARGS)

lock: $(VENV)/.dev ## Resolve the lock files anew (needs uv)
	@sh scripts/lock.sh

tools:
	@sh scripts/test-tools.sh

clean: ## Remove what was built; data directories stay
	@rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/bin/python:
	@python=$$(sh scripts/find-python.sh) && echo "Making the environment with $$python" && "$$python" -m venv $(VENV)

$(VENV)/.runtime: requirements.lock pyproject.toml | $(VENV)/bin/python
	@echo "Installing the program's libraries (about a minute, once)"
	@$(PIP) --require-hashes -r requirements.lock
	@$(PIP) --no-deps -e .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.runtime
	@echo "Installing the test tools"
	@$(PIP) --require-hashes -r requirements-dev.lock
	@touch $@
