# Everything from a clean clone: python 3.10-3.14 and make, nothing else.
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
.PHONY: help install demo test lint docs bench torture sbom clean

help: ## this list
	@echo "beavervision: footage of a person in, that person speaking any speech out"
	@echo
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1@\2/' | awk -F@ '{printf "%-16s%s\n", $$1, $$2}'
	@echo
	@echo "Another Python: make demo PYTHON=python3.12      Another environment: make demo VENV=/tmp/env"

install: $(STAMP) ## the environment, in .venv, with the versions of constraints.txt

$(STAMP):
	@test -x $(BIN)/python || $(PYTHON) -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] < (3, 15))' 2>/dev/null || \
	  { echo "beavervision needs Python 3.10 to 3.14, and $(PYTHON) is $$($(PYTHON) -V 2>/dev/null || echo absent)."; \
	    if command -v uv >/dev/null; then echo "This helps: uv venv --python 3.12 --seed $(VENV) && make demo"; \
	    else echo "This helps: curl -LsSf https://astral.sh/uv/install.sh | sh; then: uv venv --python 3.12 --seed $(VENV) && make demo"; fi; \
	    echo "Another Python that is already there: make demo PYTHON=python3.12"; exit 2; } >&2
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
	  { rm -rf $(VENV); echo "$(PYTHON) has no venv; on Debian and Ubuntu: apt install python3-venv; or: uv venv --seed $(VENV)" >&2; exit 2; }
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

docs: $(STAMP) ## the docs site, strictly: no broken link, no wrong command; in site/
	@$(BIN)/python -c 'import zensical' 2>/dev/null || $(BIN)/python -m pip install --disable-pip-version-check --quiet \
	  --editable '.[docs]' --constraint constraints.txt
	@$(BIN)/python -m pytest -q tests/test_docs.py tests/test_api_docs.py
	@$(BIN)/python -m zensical build --strict --clean
	@echo "the site is in site/index.html"

bench: $(STAMP) ## speed of films, and of the radiance field against the torch reference (docs/benchmarks.md)
	@mkdir -p .benchmarks
	@$(BIN)/python -m pytest -q benchmarks/bench_nerf.py --benchmark-only --benchmark-group-by=group \
	  --benchmark-columns=min,median,rounds --benchmark-json=.benchmarks/nerf.json
	@$(BIN)/python benchmarks/nerf_table.py .benchmarks/nerf.json
	@$(BIN)/python benchmarks/bench_overhead.py
	@$(BIN)/python benchmarks/film_table.py runs

torture: $(STAMP) ## prepare the torture set and measure it against the truth: table in docs/explanation/preparation.md
	@$(BIN)/python benchmarks/torture.py runs/torture

sbom: $(STAMP) ## bill of materials of the pinned environment (CycloneDX), in dist/sbom.json
	@mkdir -p dist
	@$(BIN)/python -m pip install --disable-pip-version-check --quiet --dry-run --ignore-installed \
	  --report dist/pip-report.json . --constraint constraints.txt
	@$(BIN)/python scripts/sbom.py dist/pip-report.json dist/sbom.json

clean: ## what runs and tests left; never your footage, nor runs/ of your own
	@rm -rf runs/demo build dist site .cache .pytest_cache .ruff_cache .import_linter_cache .benchmarks
	@find src tests notebooks -name __pycache__ -type d -prune -exec rm -rf {} +
