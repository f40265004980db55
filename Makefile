# Everything a person needs, from a fresh clone:  make demo, make test.
# Each target makes the virtual environment first when it is missing, stale, or was made for another folder.
# It needs make and Python 3.11 or newer; nothing outside this folder is changed.

export PATH := $(or $(PATH),/usr/local/bin:/usr/bin:/bin)
SHELL := /bin/sh
PYTHON ?= python3
HOME_FOLDER ?= .mkutano
RELAY_FOLDER ?= .relay
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
JAVASCRIPT := tests/javascript/node_modules
# A file of tests stays in one process; PYTEST_ARGUMENTS=-x says something else instead.
PYTEST_ARGUMENTS ?= --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

# The demo and the tests start phones by the dozen: what Python compiled for one, the next one reads.
unexport PYTHONDONTWRITEBYTECODE

# A copied folder still points at the one that it was copied from.
ifneq ($(shell PATH='$(PATH)'; cat $(VENV)/made-for 2>/dev/null),$(CURDIR))
STALE := $(shell PATH='$(PATH)'; rm -rf $(VENV))
endif

.PHONY: help demo run relay test lint bench lock clean
.DELETE_ON_ERROR:

help:
	@echo 'make demo    three phones, one ledger: a market day without a network, a relay, two paper cards'
	@echo 'make run     a phone of your own, in the folder .mkutano'
	@echo 'make relay   a relay of your own, in the folder .relay'
	@echo 'make test    the whole test suite'
	@echo 'make lint    ruff and mypy'
	@echo 'make bench   the table of speeds, each beside its reference'
	@echo 'make lock    pin the dependencies again (needs uv)'
	@echo 'make clean   throw away the virtual environment and caches'

demo: $(VENV)/run
	@$(BIN)/mkutano demo

run: $(VENV)/run
	@test -d $(HOME_FOLDER) || $(BIN)/mkutano --home $(HOME_FOLDER) init --name "My phone"
	@$(BIN)/mkutano --home $(HOME_FOLDER) run

relay: $(VENV)/run
	@$(BIN)/mkutano relay serve --state $(RELAY_FOLDER)

test: $(VENV)/test $(JAVASCRIPT)/installed
	@echo 'Testing.'
	@$(BIN)/python -m pytest $(PYTEST_ARGUMENTS)

lint: $(VENV)/test
	@echo 'Checking the style and the types.'
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

bench: $(VENV)/test
	@$(BIN)/python -m simulations.bench

$(VENV)/made-for:
	@echo 'Making a virtual environment in $(VENV).'
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo 'Mkutano needs Python 3.11 or newer: make PYTHON=python3.12 ...'; exit 1; }
	@$(PYTHON) -m venv $(VENV) \
		|| { rm -rf $(VENV); echo 'Python has no venv here; on Debian: apt install python3-venv'; exit 1; }
	@printf '%s' '$(CURDIR)' > $@

$(VENV)/run: requirements.lock pyproject.toml | $(VENV)/made-for
	@echo 'Installing Mkutano and what it needs, each package checked against its hash (about 15 seconds).'
	@$(PIP) install --require-hashes --requirement requirements.lock
	@$(PIP) install --no-build-isolation --no-deps --editable .
	@touch $@

$(VENV)/test: requirements-test.lock $(VENV)/run
	@echo 'Installing what the tests need (about 20 seconds).'
	@$(PIP) install --require-hashes --requirement requirements-test.lock
	@touch $@

# The tests open our documents with the JavaScript Automerge too, where npm is at hand.
$(JAVASCRIPT)/installed: tests/javascript/package.json
	@if command -v npm >/dev/null; then \
		echo 'Installing the JavaScript Automerge for the tests.'; \
		cd tests/javascript && npm install --no-package-lock --no-audit --no-fund --silent && touch node_modules/installed; \
	else echo 'npm is not here: the tests with the JavaScript Automerge will be left out.'; fi

lock:
	uv pip compile pyproject.toml --universal --python-version 3.11 --extra build --extra sheets --extra sealed --extra relay --extra postgres \
		--generate-hashes --no-header --no-annotate --quiet --upgrade --output-file requirements.lock
	uv pip compile pyproject.toml --universal --python-version 3.11 --extra build --extra sheets --extra sealed --extra relay --extra postgres --extra analysis --extra test \
		--generate-hashes --no-header --no-annotate --quiet --upgrade --output-file requirements-test.lock

clean:
	rm -rf $(VENV) $(JAVASCRIPT) .mypy_cache .pytest_cache .ruff_cache .hypothesis
