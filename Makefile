# `make demo`, `make test` and `make docs` set themselves up on a machine with nothing but Python >= 3.11.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

# The tests run in one process a core, so that each of them gets along with one thread.
test: export OMP_NUM_THREADS = 1
test: export TF_NUM_INTRAOP_THREADS = 1

.PHONY: demo test test-oldest test-newest fuzz lint docs linkcheck clean

demo: .venv/.library
	$(BIN)/skpoison demo

test: .venv/.tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest --numprocesses auto --dist worksteal

# The tests with the oldest or newest packages that pyproject.toml allows: make test-oldest PYTHONS="3.11 3.12"
test-oldest test-newest: export OMP_NUM_THREADS = 1
test-oldest test-newest: export TF_NUM_INTRAOP_THREADS = 1
test-oldest test-newest: .venv/.tests
	$(PIP) uv
	$(BIN)/python tests/matrix.py $(@:test-%=%) $(PYTHONS)

# Random inputs for hours: 20,000 to each kind of thing that takes some.
fuzz: export OMP_NUM_THREADS = 1
fuzz: export SKPOISON_FUZZ = many
fuzz: .venv/.tests
	$(BIN)/pytest --numprocesses auto tests/fuzz

lint: .venv/.tests
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Examples are run, and a warning is an error. The site is docs/_build/html/index.html.
docs: .venv/.docs
	$(BIN)/sphinx-build -W --keep-going docs docs/_build/html

# Whether every link to the outside is there; `make docs` alone fails at a broken link within the site.
linkcheck: docs
	$(BIN)/sphinx-build -b linkcheck -d docs/_build/html/.doctrees docs docs/_build/linkcheck

# The demo gets along with the library; the tests add networks, back ends and peers.
.venv/.library: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("skpoison needs Python 3.11 or newer: make PYTHON=...") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv .venv
	$(PIP) --editable .
	touch $@

.venv/.tests: .venv/.library
	$(PIP) --editable ".[test]"
	touch $@

.venv/.docs: .venv/.library
	$(PIP) --editable ".[docs]"
	touch $@

clean:
	rm -rf .venv build dist *.egg-info .pytest_cache .ruff_cache .mypy_cache docs/_build docs/auto_examples docs/generated docs/leaderboard
