# Everything from a clean clone: python 3.10-3.12 and make, nothing else.
SHELL := /bin/sh
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
# The stamp carries a hash of what decides the environment: changed pins install again, a touched file does not.
KEY    := $(shell cat pyproject.toml constraints.txt | cksum | cut -d' ' -f1)
STAMP  := $(VENV)/.installed-$(KEY)

# As beavervision.cli.entry sets it, for tests and benchmarks that do not go through it.
export GOMP_SPINCOUNT ?= 1000

# Tests run side by side, one thread each; beyond four processes they only wait for the disk.
WORKERS ?= $(shell n=$$(getconf _NPROCESSORS_ONLN); echo $$(( n < 4 ? n : 4 )))
ONE_THREAD := OMP_NUM_THREADS=1 NUMBA_NUM_THREADS=1

.DEFAULT_GOAL := help
.PHONY: help install demo test lint bench torture sbom clean

help: ## this list
	@echo "beavervision: footage of a person in, that person speaking any speech out"
	@echo
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1@\2/' | awk -F@ '{printf "%-16s%s\n", $$1, $$2}'
	@echo
	@echo "Another Python: make demo PYTHON=python3.12      Another environment: make demo VENV=/tmp/env"

install: $(STAMP) ## the environment, in .venv, with the versions of constraints.txt

$(STAMP):
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] < (3, 13))' || \
	  { echo "beavervision needs Python 3.10, 3.11 or 3.12, and $(PYTHON) is $$($(PYTHON) -V 2>&1); name another: make PYTHON=python3.12 ..." >&2; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing into $(VENV); the first time takes a few minutes"
	@$(BIN)/python -m pip install --disable-pip-version-check --editable '.[dev]' --constraint constraints.txt
	@rm -f $(VENV)/.installed-* && touch $@

demo: $(STAMP) ## the whole chain on the synthetic actor: an mp4 and a report in runs/demo/report
	@$(BIN)/python -m beavervision.cli.demo

test: $(STAMP) lint ## everything: layers, style, types, tests
	@$(ONE_THREAD) $(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile --no-loadscope-reorder

lint: $(STAMP) ## layers, style and types only
	@$(BIN)/lint-imports
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/pyright --pythonpath $(BIN)/python

bench: $(STAMP) ## speed of films, and of the radiance field against the torch reference (docs/benchmarks.md)
	@mkdir -p .benchmarks
	@$(BIN)/python -m pytest -q benchmarks/bench_nerf.py --benchmark-only --benchmark-group-by=group \
	  --benchmark-columns=min,median,rounds --benchmark-json=.benchmarks/nerf.json
	@$(BIN)/python benchmarks/nerf_table.py .benchmarks/nerf.json
	@$(BIN)/python benchmarks/bench_overhead.py
	@$(BIN)/python benchmarks/film_table.py runs

torture: $(STAMP) ## prepare the torture set and measure it against the truth: table in docs/preparation.md
	@$(BIN)/python benchmarks/torture.py runs/torture

sbom: $(STAMP) ## bill of materials of the pinned environment (CycloneDX), in dist/sbom.json
	@mkdir -p dist
	@$(BIN)/python -m pip install --disable-pip-version-check --quiet --dry-run --ignore-installed \
	  --report dist/pip-report.json . --constraint constraints.txt
	@$(BIN)/python scripts/sbom.py dist/pip-report.json dist/sbom.json

clean: ## what runs and tests left; never your footage, nor runs/ of your own
	@rm -rf runs/demo build dist .pytest_cache .ruff_cache .import_linter_cache .benchmarks
	@find src tests notebooks -name __pycache__ -type d -prune -exec rm -rf {} +
