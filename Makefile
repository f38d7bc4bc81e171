# make forecast   the main job: environment, compiled core, a million elections of Kazakhstan 2023
# make test       everything that is checked before a change goes in
# make help       the rest

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
# One worker more than there are cores, four at most: some tests wait for a process or a browser, and each worker
# holds its compiled code in memory.
PYTEST ?= -n $(shell "$(PYTHON)" -c 'import os; print(min((os.cpu_count() or 1) + 1, 4))')
PIP := $(BIN)/python -m pip --disable-pip-version-check
# The pins name everything, with hashes: pip has nothing to resolve, and what it would resolve (an extra of a pinned
# package, to its newest version) it would then refuse.
PINNED := $(PIP) install -qq --no-deps --require-hashes

# The tests of the page need a chromium; without such tests nobody needs one.
BROWSER := $(if $(wildcard tests/browser/test_*.py),browser)

.PHONY: help setup forecast test lint types unit check-full fuzz browser bench bench-full bench-smoke docs pins clean
.DELETE_ON_ERROR:

help: ## say what there is to make
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

setup: $(VENV)/.dev $(VENV)/.bytecode ## create .venv and install what the tests need

# A stamp for each step: pinned packages are installed again only when the pins change, the project when its metadata
# does. What compiles the core comes first: it is at work while pip brings the rest.
$(VENV)/.core: requirements/core.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit("Python 3.11 or newer is needed" if sys.version_info < (3, 11) else 0)'
	@test -x $(BIN)/python || "$(PYTHON)" -m venv $(VENV)
	@echo "installing what compiles the core into $(VENV) ..."
	@$(PINNED) -r requirements/core.txt
	@touch $@

$(VENV)/.run: $(VENV)/.core requirements/run.txt requirements/build.txt pyproject.toml
	@echo "installing what a forecast needs ..."
	@$(BIN)/python -m forecast.kernels & \
	$(PINNED) -r requirements/run.txt -r requirements/build.txt \
	  && $(PIP) install -qq --no-deps --no-build-isolation --editable . && wait
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements/dev.txt
	@echo "installing what the tests need ..."
	@$(PINNED) -r requirements/dev.txt
	@touch $@

# Where Python may not keep what it compiles (PYTHONDONTWRITEBYTECODE, as in many containers), every run would compile
# a hundred modules anew, which is a tenth of its time.
$(VENV)/.bytecode: $(VENV)/.run $(wildcard forecast/*.py forecast/*/*.py)
	@$(BIN)/python -m compileall -q forecast
	@touch $@

forecast: $(VENV)/.bytecode ## forecast Kazakhstan 2023 into outputs/kazakhstan-2023
	@$(BIN)/python -m forecast.kernels
	$(BIN)/forecast run configs/kazakhstan-2023.toml

# Types are checked beside the tests: alone they would leave a core idle for most of a minute.
test: lint $(BROWSER) ## lint, types, import floors and the quick tests
	@$(MAKE) --no-print-directory -j 2 types unit

lint: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports

types: setup
	$(BIN)/pyrefly check --python-interpreter-path $(BIN)/python --summary=none

# Compiled tests are kept, as the rest is: to rewrite the assertions of all takes ten seconds of every worker.
unit: setup
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -m "not slow" $(PYTEST)

check-full: lint types $(BROWSER) ## as test, with the slow tests
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest $(PYTEST)

fuzz: setup ## try 100,000 malformed inputs (an hour; MUTANTS=1000 takes half a minute)
	$(BIN)/python -m tests.fuzz --mutants $(or $(MUTANTS),100000)

browser: setup ## find a chromium for the tests of the page, or install Debian's where that is possible
	@$(BIN)/python tests/browser/chromium.py

$(VENV)/.bench: requirements/bench.txt $(VENV)/.dev
	@$(PINNED) -r requirements/bench.txt
	@touch $@

bench: $(VENV)/.bench $(VENV)/.bytecode ## measure the core against its yardsticks (about 10 minutes)
	$(BIN)/python -m benchmarks

bench-full: $(VENV)/.bench $(VENV)/.bytecode ## as bench, with what takes longer
	$(BIN)/python -m benchmarks --full

bench-smoke: setup ## does every part of the benchmarks run? (seconds; the figures mean nothing)
	$(BIN)/python -m benchmarks --smoke

$(VENV)/.docs: requirements/docs.txt $(VENV)/.dev
	@$(PINNED) -r requirements/docs.txt
	@touch $@

docs: $(VENV)/.docs ## build the documentation into site/
	$(BIN)/zensical build

pins: ## pin the requirements anew (needs uv)
	@requirements/pin

clean: ## remove the environment and caches; outputs stay
	rm -rf $(VENV) build dist site .pytest_cache .hypothesis .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
