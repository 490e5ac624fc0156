# PrecisionPulse: every command that people and CI use. `make` alone lists them.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup setup-dev setup-web run stop status logs reset desktop test test-fast lint format bench e2e resilience soak fuzz fuzz-api lock generate clean

PYTHON ?= $(shell for one in python3.11 python3.12 python3.13 python3 python; do \
  $$one -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$one && break; done)
VENV := .venv
PY := $(VENV)/bin/python
UV := $(VENV)/bin/uv
MEMBERS := libs/contracts libs/bus libs/postgres libs/passwords libs/jose libs/chassis libs/testkit \
           services/auth services/users services/telemetry-gateway services/sync-publisher clients/desktop clients/python standalone
EDITABLE := $(foreach member,$(MEMBERS),-e $(member))
SAY := @printf >&2 '· %s\n'

help: ## list all commands
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z0-9-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@printf '\nThe first `make run` sets everything up. PULSE_PORT (8080) selects the port, PULSE_STATE_DIR (.pulse) the folder for all data.\n'

##@ Use it
run: setup setup-web ## set up everything and start the whole system in the foreground
	@$(PY) -m pulse_standalone run

stop: setup ## stop the running system
	@$(PY) -m pulse_standalone stop

status: setup ## print the status of every process as JSON
	@$(PY) -m pulse_standalone status

logs: setup ## follow the logs (make logs NAME=web: one process)
	@$(PY) -m pulse_standalone logs $(if $(JSON),--json) $(NAME)

reset: setup ## delete every reading, account and secret of the state directory (asks first)
	@$(PY) -m pulse_standalone reset

desktop: $(VENV)/.window ## open the collector's window on the running system (installs Qt, about 90 MB)
	@PULSE_COLLECTOR_STATE_DIR="$(or $(PULSE_STATE_DIR),.pulse)/collector" $(PY) -m pulse_desktop.ui --attach

##@ Work on it
test: setup-dev setup-web ## run every test in stages (about 40 minutes); STAGE=web|python|browser|api|faults runs one
	@tests/run $(or $(STAGE),all)

test-fast: setup-dev ## run the tests that need no servers (under a minute)
	@tests/run fast

e2e: setup-dev setup-web ## run the browser tests against a whole system
	@tests/run browser

lint: setup-dev setup-web ## check the code: ruff, mypy, import contracts, eslint, prettier, tsc
	@tests/lint

format: setup-dev setup-web ## format the code
	@$(VENV)/bin/ruff check --fix --quiet . ; $(VENV)/bin/ruff format .
	@cd clients/web && npm run --silent format

bench: setup-dev setup-web ## list the benchmarks (NAME=ingest runs one, NAME=all every one); results in benchmarks/results
	@$(PY) -m benchmarks $(NAME)

generate: setup-dev ## regenerate documents and types from the contracts and services
	@$(PY) libs/contracts/generate.py
	@$(PY) docs/generate.py
	@$(VENV)/bin/pyside6-lrelease -silent clients/desktop/src/pulse_desktop/ui/translations/de.ts -qm clients/desktop/src/pulse_desktop/ui/translations/de.qm
	@cd clients/web && PATH="$$(dirname "$$(../../$(PY) -c 'from pulse_standalone.web import find_node; print(find_node())')"):$$PATH" && \
	  export PATH && { test -d node_modules/openapi-typescript || npm ci --no-audit --no-fund; } && npm run --silent generate

lock: setup-dev ## resolve requirements/*.txt again (exact versions with hashes, no host names)
	@requirements/lock

resilience: setup-dev $(if $(MIRROR),setup-web) ## inject faults into whole processes, and judge the result (FAULTS=60 SEED=1 MIRROR=1)
	@$(PY) -m tests.resilience $(if $(MIRROR),--mirror) --faults $(or $(FAULTS),60) $(if $(SEED),--seed $(SEED)) \
	  $(if $(AT_ONCE),--at-once $(AT_ONCE)) $(if $(ACCOUNTS),--accounts $(ACCOUNTS))

fuzz: setup-dev ## send mutated messages to a whole gateway, and judge the result (COUNT=200000 SEED=1)
	@$(PY) -m tests.fuzz --count $(or $(COUNT),5000) $(if $(SEED),--seed $(SEED))

fuzz-api: setup-dev setup-web ## fuzz the HTTP APIs by their OpenAPI documents (EXAMPLES=500 SEED=1)
	@$(PY) -m tests.api --examples $(or $(EXAMPLES),500) $(if $(SEED),--seed $(SEED))

soak: setup-dev ## run for a long time and look for growth of memory and disk (MINUTES=60)
	@$(PY) -m tests.resilience.soak --minutes $(or $(MINUTES),60)

##@ Housekeeping
setup: $(VENV)/.run ## install the Python environment
setup-dev: $(VENV)/.dev ## install what tests and lint need
setup-web: setup ## build the web client
	@$(PY) -m pulse_standalone build-web

clean: ## remove environments, builds and caches (never the state directory)
	rm -rf $(VENV) .tools .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache test-results
	rm -rf clients/web/node_modules clients/web/.next
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.uv: requirements/uv.txt
	@test -n "$(PYTHON)" || { echo "make: Python 3.11 or newer with venv is needed: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; }
	$(SAY) "python: creating $(VENV)"
	@$(PYTHON) -m venv --clear $(VENV) || { echo "make: venv does not work: apt-get install python3-venv"; exit 1; }
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $@

$(VENV)/.run: $(VENV)/.uv requirements/run.txt $(foreach member,$(MEMBERS),$(member)/pyproject.toml)
	$(SAY) "python: installing the run-time packages"
	@$(UV) pip install --quiet --python $(PY) --require-hashes -r requirements/run.txt
	@$(UV) pip install --quiet --python $(PY) --no-deps --no-build-isolation --no-index $(EDITABLE)
	@touch $@

$(VENV)/.window: $(VENV)/.run requirements/window.txt
	$(SAY) "python: installing Qt"
	@$(UV) pip install --quiet --python $(PY) --require-hashes -r requirements/window.txt
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements/dev.txt
	$(SAY) "python: installing the packages of tests and lint"
	@$(UV) pip install --quiet --python $(PY) --require-hashes -r requirements/dev.txt
	@touch $@
