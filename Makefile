# make demo   install into .venv and run the main job against the embedded demo service
# make test   install what tests need and run them all
# The other targets are for those who change txojobs; CONTRIBUTING.md explains them.

PYTHON ?= python3
VENV   := .venv
PY     := $(VENV)/bin/python
# The lock files name everything, so nothing is resolved: --no-deps. A resolver would look at newer releases, which have
# no hash here, and end in an error on the day that one appears.
PIP    := $(PY) -m pip --disable-pip-version-check --no-input --quiet
RUN    := $(VENV)/.installed
DEV    := $(VENV)/.installed-dev

# Servers that are not ours, which tests/judges read from: one folder each, installed only where there is npm.
JUDGES := $(if $(shell command -v npm 2>/dev/null),$(patsubst %/package-lock.json,%/node_modules/.installed,$(wildcard tests/judges/*/package-lock.json)))

.PHONY: demo test test-all judges lint check generated bench lock clean

demo: $(RUN)
	$(PY) -m txojobs run export-customers demo test

test: $(DEV) $(JUDGES)
	$(PY) -m pytest -n 3 --cov --cov-report=term:skip-covered

# all tests on each Python from 3.10 to 3.13 that is installed
test-all: $(JUDGES)
	$(PYTHON) .ci/each_python.py all

judges: $(JUDGES)

lint: $(DEV)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(PY) -m mypy --platform win32 txojobs
	$(PY) -m mypy --platform darwin txojobs

generated: $(DEV)
	$(PY) -m txojobs schema --check

check: lint generated test

bench: $(DEV)
	$(PY) benchmarks/main_job.py

lock: $(DEV)
	$(PY) -m uv pip compile --quiet --universal --python-version 3.10 --generate-hashes --no-emit-index-url \
		--no-header --no-annotate --no-strip-extras pyproject.toml requirements/build.in -o requirements/run.txt
	$(PY) -m uv pip compile --quiet --universal --python-version 3.10 --generate-hashes --no-emit-index-url \
		--no-header --no-annotate --no-strip-extras pyproject.toml requirements/build.in --group dev \
		-c requirements/run.txt -o requirements/dev.txt

clean:
	rm -rf $(VENV) .venvs dist build .mypy_cache .pytest_cache .ruff_cache .hypothesis tests/judges/*/node_modules

$(PY):
	$(PYTHON) -c 'import sys; sys.exit("txojobs needs Python 3.10 or newer: make PYTHON=python3.12 ..." if sys.version_info < (3, 10) else 0)'
	$(PYTHON) -m venv $(VENV)

$(RUN): $(PY) requirements/run.txt pyproject.toml
	@echo "installing into $(VENV)"
	$(PIP) install --no-deps --require-hashes -r requirements/run.txt
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $(RUN)

$(DEV): $(RUN) requirements/dev.txt
	@echo "installing what tests need"
	$(PIP) install --no-deps --require-hashes -r requirements/dev.txt
	@touch $(DEV)

# No script of a package is run. Without a network the tests that need a judge are skipped and say so; CI must have it.
tests/judges/%/node_modules/.installed: tests/judges/%/package-lock.json
	@cd $(<D) && if cmp -s package-lock.json node_modules/.installed || { echo "installing the judge $*" && \
			npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null; }; \
		then cp package-lock.json node_modules/.installed; \
		else echo "npm could not install the judge $*: its tests will be skipped" >&2; test "$$CI" != true; fi
