# What the README says: `make demo` and `make test` do all the set-up on a machine with Python 3.11, Java 17 and Maven,
# and for the tests Postgres.
SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: long fuzz chaos help setup java postgres chromium demo test lint types imports schemas reference unit integration bench clean

help:
	@echo 'make setup        virtual environment with pinned dependencies, broker jars'
	@echo 'make demo         a simulated company through a real broker, and a live dashboard of it'
	@echo 'make test         lint, types, import rules and all tests, those on a real broker too'
	@echo 'make schemas      write the JSON Schemas and the AsyncAPI document of new events'
	@echo 'make reference    write docs/reference out of the catalogues'
	@echo 'make long         the tests that take too long for every run'
	@echo 'make chaos        kill, freeze and stop parts of the path a hundred times, then verify everything'
	@echo 'make bench        measure this machine'
	@echo 'make clean        remove what was made here'

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@test -n '$(PYTHON)' || { echo 'Python 3.11 is needed: install the package python3.11 and python3.11-venv.'; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo 'Python 3.11 or newer is needed; $(PYTHON) is older. Give another one by make PYTHON=...'; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $(STAMP)

# The tests need a real broker. As root what lacks is installed; otherwise it is named.
java:
	@if ! command -v java >/dev/null || ! command -v mvn >/dev/null; then \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			apt-get update -qq && apt-get install -y -qq openjdk-17-jre-headless maven; \
		else \
			echo 'Java 17 and Maven are needed for the broker: install the packages openjdk-17-jre-headless and maven.'; \
			exit 1; \
		fi; \
	fi

# The same for Postgres; Debian puts the server's programs where no PATH leads.
postgres:
	@if ! command -v initdb >/dev/null && ! ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			apt-get update -qq && apt-get install -y -qq postgresql; \
		else \
			echo 'The tests need the programs of a Postgres server: install the package postgresql.'; \
			exit 1; \
		fi; \
	fi

# The dashboard is tested in a real browser.
chromium:
	@if ! command -v chromium >/dev/null; then \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			apt-get update -qq && apt-get install -y -qq chromium; \
		else \
			echo 'The tests need a browser: install the package chromium.'; \
			exit 1; \
		fi; \
	fi

demo: setup
	@$(BIN)/pmo demo $(ARGS)

lint: setup
	$(BIN)/ruff check schemas services infra tests
	$(BIN)/ruff format --check schemas services infra tests

types: setup
	$(BIN)/mypy

imports: setup
	$(BIN)/lint-imports --no-cache

reference: setup
	$(BIN)/python -m services.reference

schemas: setup
	$(BIN)/python -m services.compatibility
	$(BIN)/python -m schemas.samples

unit: setup postgres
	$(BIN)/python -m pytest -n 2 --dist loadfile tests/unit tests/contract tests/property

integration: setup java postgres chromium
	$(BIN)/python -m pytest -n 2 --dist loadfile tests/integration tests/e2e

# In two goes: each time that a process opens the embedded engine, chDB leaves some threads and megabytes behind.
test: setup java postgres chromium lint types imports
	$(BIN)/python -m pytest -n 2 --dist loadfile --ignore tests/e2e
	$(BIN)/python -m pytest -n 2 --dist loadfile tests/e2e

# Long: parts of the path are killed, frozen and stopped a hundred times, then everything is verified.
chaos: setup java postgres
	$(BIN)/python -m tests.chaos $(ARGS)

# Those that `make test` leaves out to stay under its time: crashes of workers, restores, erasure down to the bytes.
long: setup java postgres chromium
	$(BIN)/python -m pytest -n 2 --dist loadfile -m long

# Long: 10,000 mutated files for the parser of every source of `pmo import`.
fuzz: setup
	PMO_FUZZ=10000 $(BIN)/python -m pytest -n 2 --dist load tests/importers -k mutated

bench: setup
	$(BIN)/pmo bench $(ARGS)

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info
