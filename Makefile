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
PEERS := .venv-peers
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
JAVASCRIPT := tests/javascript/node_modules
# A file of tests stays in one process; PYTEST_ARGUMENTS=-x says something else instead.
PYTEST_ARGUMENTS ?= --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

# Which stories `make simulate` tells: without a last one until MINUTES=60 are over, or Ctrl-C.
SEEDS ?= 0-

# The demo and the tests start phones by the dozen: what Python compiled for one, the next one reads.
unexport PYTHONDONTWRITEBYTECODE

# A copied folder still points at the one that it was copied from.
ifneq ($(shell PATH='$(PATH)'; cat $(VENV)/made-for 2>/dev/null),$(CURDIR))
STALE := $(shell PATH='$(PATH)'; rm -rf $(VENV))
endif

.PHONY: help demo run relay test simulate fuzz wire coverage lint bench bench-peers lock clean
.DELETE_ON_ERROR:

help:
	@echo 'make demo    three phones, one ledger: a market day without a network, a relay, two paper cards'
	@echo 'make run     a phone of your own, in the folder .mkutano'
	@echo 'make relay   a relay of your own, in the folder .relay'
	@echo 'make test    the whole test suite'
	@echo 'make coverage  whether the tests run every line and branch of the cores'
	@echo 'make simulate MINUTES=60  villages in one thread, with everything that can go wrong'
	@echo 'make fuzz MINUTES=60      what strangers may send, to every parser'
	@echo 'make wire MINUTES=10      real phones and a relay on a hostile wire'
	@echo 'make lint    ruff and mypy'
	@echo 'make bench   the table of speeds, each beside its reference'
	@echo 'make bench-peers  we beside the peers on one workload, and how we grow (about 10 minutes)'
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

# The four cores run whole under the tests: every line, each branch.
coverage: $(VENV)/test
	@echo 'Running the tests of the cores under a tracer (some minutes).'
	@rm -f .coverage .coverage.*
	@$(BIN)/python -m coverage run -m pytest $(PYTEST_ARGUMENTS) --quiet --hypothesis-profile=ci tests/model tests/replication
	@$(BIN)/python -m coverage combine --quiet
	@$(BIN)/python -m coverage report --fail-under=100 --include="$$($(BIN)/python -m simulations.mutation.cores admission session codec reducer)"

simulate: $(VENV)/test
	@$(BIN)/python -m simulations --seeds $(SEEDS) $(if $(MINUTES),--minutes $(MINUTES)) $(SIMULATE_ARGUMENTS)

fuzz: $(VENV)/test
	@$(BIN)/python -m simulations.fuzzing $(if $(MINUTES),--minutes $(MINUTES))

wire: $(VENV)/test
	@$(BIN)/python -m simulations.wire $(if $(MINUTES),--minutes $(MINUTES))

lint: $(VENV)/test
	@echo 'Checking the style and the types.'
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

bench: $(VENV)/test
	@$(BIN)/python -m simulations.bench

bench-peers: $(PEERS)/installed
	@$(PEERS)/bin/python -m simulations.bench.peers

# An environment of its own: what only the comparison needs stays out of ours.
$(PEERS)/installed: requirements-peers.lock
	@echo 'Installing the peers in $(PEERS), each package checked against its hash.'
	@rm -rf $(PEERS)
	@$(PYTHON) -m venv $(PEERS)
	@$(PEERS)/bin/python -m pip --disable-pip-version-check --quiet install \
		--require-hashes --requirement requirements-peers.lock
	@touch $@

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
	uv pip compile pyproject.toml --universal --python-version 3.11 --extra peers --constraint requirements-test.lock \
		--generate-hashes --no-header --no-annotate --quiet --upgrade --output-file requirements-peers.lock

clean:
	rm -rf $(VENV) $(PEERS) $(JAVASCRIPT) .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage .coverage.*
