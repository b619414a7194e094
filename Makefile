# Each command does its own set-up from the lock file into .venv: Python 3.11, make and pip are all that is needed.
PYTHON ?= python3
# Two processes, a file of tests each at a time; they must agree on the order of the tests, hence the hash seed below.
PYTEST_ARGS ?= -q -m "not long" -n 2 --dist loadfile
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test test-wide lint links bench serve lock clean

$(READY): requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Setting up $(VENV) from requirements.lock (a minute or two, once) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)

demo: $(READY)
	@$(BIN)/python -m chimera_metrics.apps.demo

test: $(READY)
	@bash tests/support/debian_packages.sh
	@PYTHONHASHSEED=0 $(BIN)/python -m pytest $(PYTEST_ARGS)

# Older engines in support, the tests that take long, and whatever else needs an environment of its own (in .cache): see tests/wide.
test-wide: $(READY)
	@$(BIN)/python -m tests.wide

lint: $(READY) links
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy chimera_metrics scripts tests bench

# Type checkers follow the links in chimera_metrics/. An unpacked zip may lack them, or hold text files in their place.
links:
	@for room in models analytics integrations server apps; do \
		test -d chimera_metrics/$$room || { rm -f chimera_metrics/$$room; ln -s ../$$room chimera_metrics/$$room; }; \
	done

bench: $(READY)
	@$(BIN)/python -m bench

serve: $(READY)
	@$(BIN)/muse serve --transport http

# Writes requirements.lock again from pyproject.toml.
lock:
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --extra dev --python-version 3.11 --no-header \
		pyproject.toml -o requirements.lock

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache demo-output bench-output
