# Everything stands in .venv; nothing is installed globally. `make help` lists the targets.
# Debian's interpreter, where it is new enough and can make one: it is built with profile and link-time optimisation
DEBIANS := /usr/bin/python3
PYTHON ?= $(shell $(DEBIANS) -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(DEBIANS) || echo python3)
BASE   := -c 'import sys; print(sys.base_prefix, sys.version)'
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
BUILT  := build/compiled
ALONE  := $(addprefix tests/,hostile packaging real replay)
OF_AN_ANSWER := tests/cache $(addprefix tests/resolver/,daemon dnssec engine iterate loop policy service upstream wire) $(wildcard tests/resolver/test_real_env*.py)
PROCESSES := $(addprefix tests/real/,test_clients.py test_dnstap.py test_process.py)
COMPILED := PYTHONSAFEPATH=1 PYTHONPATH=$(CURDIR)/$(BUILT)

.PHONY: help run test build test-compiled prove-compiled nightly wheel deb docs man replay differential lint report bench bench-compiled bench-growth bench-peers bench-latency bench-state bench-fair lock clean
.PHONY: fuzz soak bench-hostile bench-attacks

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

run: $(READY)  ## the daemon on 127.0.0.1:5300 with a state database, a small internet and a tour
	@$(BIN)/cistern --version
	$(BIN)/cistern demo

test: $(READY)  ## every test, of the Python as it is written: first what may share the cores, then what drives real processes
	failed=0; \
	$(BIN)/python -m pytest -n auto --dist worksteal $(addprefix --ignore=,$(ALONE)) || failed=1; \
	$(BIN)/python -m pytest $(ALONE) || failed=1; \
	exit $$failed

build: $(BUILT)/.ready  ## compile to build/compiled what an answer is made by (a C compiler; with gcc twice, to count first what is called: five minutes, less the next time)

test-compiled: $(BUILT)/.ready  ## every test, of the compiled modules (or TESTS=tests/cache …)
	$(COMPILED) $(BIN)/python -c 'from cache.form import IS_COMPILED; assert IS_COMPILED'
	$(COMPILED) $(BIN)/python -m pytest $(TESTS)

prove-compiled: $(BUILT)/.ready  ## of the compiled modules: what an answer is made by, whole processes, and that they tell the same stories
	$(COMPILED) $(BIN)/python -c 'from cache.form import IS_COMPILED; assert IS_COMPILED'
	$(COMPILED) $(BIN)/python -m pytest -q -n auto --dist worksteal $(OF_AN_ANSWER)
	$(COMPILED) $(BIN)/python -m pytest -q $(PROCESSES)
	$(COMPILED) $(BIN)/python -m tests.simulation.machine --digest 20 >build/stories-compiled
	$(BIN)/python -m tests.simulation.machine --digest 20 >build/stories
	cmp build/stories-compiled build/stories

wheel: $(BUILT)/.ready  ## a compiled wheel in dist/
	$(BIN)/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .

nightly: $(BUILT)/.ready  ## every test with seeds nobody has played, then the compiled engine's simulation until stopped or a rule is broken
	CISTERN_FRESH=$$(date +%s) $(BIN)/python -m pytest
	$(COMPILED) $(BIN)/python -m tests.simulation.machine --hours 4

deb: $(BUILT)/.ready  ## dist/cistern_VERSION_ARCH.deb, on the distribution's Python
	packaging/debian/build

docs: $(READY)  ## the site, in build/site (mkdocs-material comes from the package index)
	rm -rf build/docs && mkdir -p build && cp -r docs build/docs
	$(BIN)/python packaging/reference.py build/docs/reference
	$(BIN)/python -m pip install --quiet 'mkdocs-material>=9.5,<10'
	$(BIN)/mkdocs build --strict --quiet

man: $(READY)  ## the man pages, in build/man
	$(BIN)/python packaging/man.py build/man

replay: $(READY)  ## the scenarios of other resolvers' authors, from ../shared/rpl
	$(BIN)/python -m tests.replay

SEEDS ?= 1-20
differential: $(READY)  ## made-up internets, asked of unbound, kresd, BIND and pdns-recursor too (root; SEEDS=1-20, from ../shared)
	cd ../shared/differential && PYTHONDONTWRITEBYTECODE=1 $(abspath $(BIN))/python differ.py $(SEEDS) \
		--cistern $(abspath $(BIN))/cistern --out $${TMPDIR:-/tmp}/cistern-differential.jsonl

lint: $(READY)  ## ruff and mypy --strict
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

report: $(READY)  ## what is long, wide or deep, for a reviewer's eyes
	$(BIN)/python -m tests.architecture.report

bench: $(READY)  ## ratios of our parts against others, in one run
	$(BIN)/python -m tests.bench

bench-compiled: $(BUILT)/.ready  ## the same of the compiled modules
	$(COMPILED) $(BIN)/python -m tests.bench

bench-growth: $(BUILT)/.ready  ## what an answer costs with up to a million RRsets cached, and 8,000 flights under way (valgrind; 4 minutes)
	$(COMPILED) $(BIN)/python -m tests.bench.growth

bench-peers: $(BUILT)/.ready  ## the compiled daemon beside Debian's unbound in one network namespace (root, unbound, nsd, dnsperf)
	$(COMPILED) $(BIN)/python -m tests.bench.peers

bench-latency: $(BUILT)/.ready  ## how long clients wait on a bad network, beside kresd, unbound and pdns-recursor (root; some 18 minutes)
	$(COMPILED) $(BIN)/python -m tests.bench.latency

bench-state: $(BUILT)/.ready  ## the daemon on a state database of a million machines: start, memory, answers, freshness (a minute)
	$(COMPILED) $(BIN)/python -m tests.bench.state

bench-fair: $(BUILT)/.ready  ## what one client that floods does to its neighbours, beside unbound (root, unbound, dnsperf, taskset; 2 to 3 minutes)
	$(COMPILED) $(BIN)/python -m tests.bench.fair

fuzz: $(READY)  ## octets at every door for a minute; guided by coverage where atheris is installed
	$(BIN)/python -m tests.fuzz

soak: $(READY)  ## ten minutes of floods, faults and restarts; then memory is flat and all answers are right (root, nsd)
	$(BIN)/python -m tests.soak

bench-hostile: $(BUILT)/.ready  ## what a victim waits and loses under each of 12 loads, beside unbound (root, unbound, taskset; 7 to 10 minutes)
	$(COMPILED) $(BIN)/python -m tests.bench.hostile

bench-attacks: $(READY)  ## packets that each pattern of attack costs, beside unbound (root, unbound)
	$(BIN)/python -m tests.bench.attacks

lock: $(READY)  ## write requirements.lock anew from pyproject.toml's bounds
	$(BIN)/python -m pip install --quiet --upgrade --editable '.[dev]'
	$(BIN)/python -m pip freeze --all --exclude pip --exclude-editable > requirements.lock

clean:  ## forget the virtual environment and all caches
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(READY): pyproject.toml requirements.lock
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed: make PYTHON=python3.11") if sys.version_info < (3, 11) else 0'
	test "$$($(BIN)/python $(BASE) 2>&1)" = "$$($(PYTHON) $(BASE))" || rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(BUILT)/.ready: $(READY) hatch_build.py $(shell find cache internal_zones resolver -name '*.py' -o -name '*.c')
	@mkdir -p build && touch build/.began
	$(BIN)/python hatch_build.py $(BUILT) build/scratch
	@touch -r build/.began $@  # what was edited meanwhile is not in it
