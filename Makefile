# The commands of the README. Each sets up what it needs, in .venv and .cache, and says so.
# PYTHON=python3.12 names the Python for .venv; without it, .venv keeps the one that it has.

BIN := .venv/bin
export PYTHONPATH := lib:src:tests:scripts
# uv's own cache where somebody uses uv already. Otherwise nothing is left outside of this directory.
export UV_CACHE_DIR ?= $(or $(wildcard $(HOME)/.cache/uv),$(CURDIR)/.cache/uv)

.PHONY: help demo test bench pins clean always

help:
	@echo "make demo            the charm at work on real Pebble, PostgreSQL and Prometheus (KEEP=1 to look around)"
	@echo "make test            all tests that can run on this machine"
	@echo "make bench           what an event costs (CHARM=FILE.charm for a packed charm)"
	@echo "make pins            renew the pinned versions in pyproject.toml"
	@echo "make clean           remove what these commands made"

demo: .venv/ready
	@$(BIN)/python scripts/demo.py $(if $(KEEP),--keep)

test: .venv/ready
	@$(BIN)/python -m environment.tools
	@$(BIN)/python scripts/check.py

bench: .venv/ready
	@$(BIN)/python scripts/benchmark.py $(if $(CHARM),--charm $(CHARM))

pins: .venv/ready
	@$(BIN)/python scripts/pins.py

.venv/ready: pyproject.toml scripts/set_up.py $(if $(PYTHON),always)
	@$(or $(PYTHON),python3) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	    { echo "Python 3.11 or newer is needed: install it, or name one: make PYTHON=..."; exit 1; }
	@$(or $(PYTHON),python3) scripts/set_up.py $(if $(PYTHON),--this-python)

clean:
	rm -rf .venv .tox .cache .hypothesis .mypy_cache .pytest_cache .ruff_cache .coverage uv.lock
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
