# marketmap's commands. Each sets up what it needs; a second call sets nothing up again.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# One more than there are cores: some tests wait more than they work.
WORKERS ?= $(shell expr `getconf _NPROCESSORS_ONLN` + 1)
PYTEST = $(BIN)/python -m pytest --numprocesses $(WORKERS) --dist worksteal

.PHONY: help setup demo test test-long coverage fuzz torture lint format lock bench bench-fetch bench-storage study study-splits \
	pictures clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY) ## make .venv from requirements.lock

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "marketmap needs Python 3.11 or newer; name one with: make PYTHON=python3.12 ...")'
	@echo "Setting up $(VENV) (once; two minutes on a fast network and a free machine, else more) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@# The lock is complete: pip need not resolve it, which it does wrongly for pinned extras.
	@$(BIN)/python -m pip install --quiet --no-deps --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m pip check --quiet
	@# Compiled once and cached, so that nobody waits for it at the first map.
	@$(BIN)/python -c 'from marketmap.precision.compiling import compile_once; compile_once()'
	@touch $@

demo: $(READY) ## map a simulated market and say where its report is
	@$(BIN)/marketmap run --map demo

test: $(READY) ## all tests but those of test-long
	$(PYTEST) -m "not long"

test-long: $(READY) ## tests of what takes long: the service, Prefect, storms, kills, fuzz, the browser
	$(PYTEST) -m long

coverage: $(READY) ## all tests of both, and how many lines and branches they reach: 95 % at least
	@# Processes that tests start in other folders add to the same file.
	COVERAGE_FILE=$(CURDIR)/.coverage $(PYTEST) \
	  --cov --cov-report=term --cov-fail-under=95

fuzz: $(READY) ## throw 20,000 broken answers at the reader
	@MARKETMAP_FUZZ=1 $(BIN)/python -m pytest --quiet --capture=no tests/marketmap/sources/test_fuzz.py

torture: $(READY) ## kill the daily run 400 times, damage files, fill a disk, and look what is left (50 minutes)
	@MARKETMAP_TORTURE=1 $(BIN)/python -m pytest --quiet --capture=no tests/storage/safety/test_damage.py \
	  tests/storage/safety/test_full_disk.py tests/flows/steps/test_recover.py
	@$(BIN)/python -m tests.support.killing --random 25 --exact 50 --at-least 60 --chains 2 --commands 24

lint: $(READY) ## ruff, mypy --strict and the contract between the rooms
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY) ## put the code into one format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: $(READY) ## write requirements.lock anew from pyproject.toml
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 \
	  --generate-hashes --no-annotate --no-header --no-emit-index-url --upgrade --quiet \
	  --output-file requirements.lock

bench: demo ## time the commands that people wait for, and the solver against scikit-learn's
	@$(BIN)/python -m benchmarks.commands
	@$(BIN)/python -m benchmarks.precision_speed

bench-storage: $(READY) ## eight readers while maps are published, and ten years of maps (17 minutes)
	@$(BIN)/python -m benchmarks.readers
	@$(BIN)/python -m benchmarks.ten_years

bench-fetch: $(READY) ## fetch 13 years of 100 coins through storms, kills and two processes
	@$(BIN)/python -m benchmarks.fetching

study: $(READY) ## compare the penalties chosen on real prices with scikit-learn's and the best
	@$(BIN)/python -m benchmarks.precision_study

study-splits: $(READY) ## plant splits into real closes, and look what else is taken for one
	@$(BIN)/python -m benchmarks.splits

pictures: demo ## take the README's pictures of the demo's report, in Chromium
	@$(BIN)/python -m docs.take_pictures

clean: ## remove everything that was made, the database included
	rm -rf .venv .venv-* data build *.egg-info .coverage* .hypothesis .*_cache
