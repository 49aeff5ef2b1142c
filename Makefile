# `make demo` and `make test` set themselves up on a machine with nothing but Python >= 3.11.
PYTHON ?= python3
BIN := .venv/bin

# The tests run in one process a core, so that each of them gets along with one thread.
test: export OMP_NUM_THREADS = 1
test: export TF_NUM_INTRAOP_THREADS = 1

.PHONY: demo test lint clean

demo: .venv/.installed
	$(BIN)/skpoison demo

test: .venv/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pytest --numprocesses auto --dist worksteal

lint: .venv/.installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.venv/.installed: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("skpoison needs Python 3.11 or newer: make PYTHON=...") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[test]"
	touch $@

clean:
	rm -rf .venv build dist *.egg-info .pytest_cache .ruff_cache docs/_build
