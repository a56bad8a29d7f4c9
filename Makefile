# The commands of the README. Each sets up what it needs, in .venv and .cache, and says so.

PYTHON ?= python3
UV_VERSION := $(shell sed -n 's/^ *"uv==\(.*\)",$$/\1/p' pyproject.toml)
BIN := .venv/bin
export PYTHONPATH := lib:src:tests

.PHONY: help demo test bench pins clean

help:
	@echo "make demo            the charm at work on real Pebble and PostgreSQL (KEEP=1 to look around)"
	@echo "make test            all tests that can run on this machine"
	@echo "make bench           what an event costs (CHARM=FILE.charm for a packed charm)"
	@echo "make pins            renew the pinned versions in pyproject.toml"
	@echo "make clean           remove what these commands made"

demo: .venv/ready
	@$(BIN)/python -m realparts.demo $(if $(KEEP),--keep)

test: .venv/ready
	@$(BIN)/python -m realparts.tools --with-tls
	@$(BIN)/tox run

bench: .venv/ready
	@$(BIN)/python -m bench $(if $(CHARM),--charm $(CHARM)) $(if $(COMPARE),--compare $(COMPARE))

pins: .venv/ready
	@$(BIN)/python tests/pins.py

.venv/ready: pyproject.toml Makefile
	@echo "== Setting up .venv (once)"
	@test -d .venv || rm -f .venv
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	    || { echo "$(PYTHON) is too old or missing: install Python 3.11 or newer, or name one: make PYTHON=..."; exit 1; }
	@$(PYTHON) -m venv .venv >/dev/null 2>&1 \
	    || { test "$$(id -u)" = 0 && apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null \
	         && $(PYTHON) -m venv .venv; } \
	    || { echo "Python cannot make environments: install its venv module (apt-get install python3-venv)"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv==$(UV_VERSION)"
	@$(BIN)/uv sync --quiet --group dev
	@touch $@

clean:
	rm -rf .venv .tox .cache .hypothesis .mypy_cache .pytest_cache .ruff_cache .coverage uv.lock
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
