# Everything stands in .venv; nothing is installed globally. `make help` lists the targets.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.PHONY: help run test replay lint report bench bench-peers bench-latency bench-state bench-fair lock clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

run: $(READY)  ## the daemon on 127.0.0.1:5300 with a state database, a small internet and a tour
	$(BIN)/cistern demo

test: $(READY)  ## every test
	$(BIN)/python -m pytest

replay: $(READY)  ## the scenarios of other resolvers' authors, from ../shared/rpl
	$(BIN)/python -m tests.replay

lint: $(READY)  ## ruff and mypy --strict
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

report: $(READY)  ## what is long, wide or deep, for a reviewer's eyes
	$(BIN)/python -m tests.architecture.report

bench: $(READY)  ## ratios of our parts against others, in one run
	$(BIN)/python -m tests.bench

bench-peers: $(READY)  ## the daemon beside Debian's unbound in one network namespace (root, unbound, nsd, dnsperf)
	$(BIN)/python -m tests.bench.peers

bench-latency: $(READY)  ## how long clients wait on a bad network, beside kresd, unbound and pdns-recursor (root; some 18 minutes)
	$(BIN)/python -m tests.bench.latency

bench-state: $(READY)  ## the daemon on a state database of a million machines: start, memory, answers, freshness (a minute)
	$(BIN)/python -m tests.bench.state

bench-fair: $(READY)  ## what one client that floods does to its neighbours (root)
	$(BIN)/python -m tests.bench.fair

lock: $(READY)  ## write requirements.lock anew from pyproject.toml's bounds
	$(BIN)/python -m pip install --quiet --upgrade --editable '.[dev]'
	$(BIN)/python -m pip freeze --exclude-editable > requirements.lock

clean:  ## forget the virtual environment and all caches
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(READY): pyproject.toml requirements.lock
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed: make PYTHON=python3.11") if sys.version_info < (3, 11) else 0'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	@touch $@
