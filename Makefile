# The commands of README and CONTRIBUTING. Each one installs what it needs into .venv and .cache.
# PYTHON=python3.12 selects the Python of .venv. Without it, .venv keeps its Python.

BIN := .venv/bin
export PYTHONPATH := lib:src:tests:scripts
# Use uv's cache if there is one. Otherwise keep the cache in this directory.
export UV_CACHE_DIR ?= $(or $(wildcard $(HOME)/.cache/uv),$(CURDIR)/.cache/uv)

.PHONY: help demo test bench sbom pins clean always

help:
	@echo "make demo            show the charm with real Pebble, PostgreSQL and Prometheus"
	@echo "                     (KEEP=1: run until Ctrl-C; DEMO_SERVER=DIR: use the real server, from a checkout)"
	@echo "make test            run every check that needs no Juju controller (DEMO_SERVER=DIR as above)"
	@echo "make bench           measure what an event costs (CHARM=FILE.charm: in a packed charm)"
	@echo "make sbom CHARM=...  list the Python packages in packed charms, as a CycloneDX SBOM"
	@echo "make pins            renew the pinned versions in pyproject.toml"
	@echo "make clean           remove what these commands installed"

demo: .venv/ready
	@$(BIN)/python scripts/demo.py $(if $(KEEP),--keep)

test: .venv/ready
	@$(BIN)/python -m environment.tools
	@$(BIN)/python scripts/check.py

bench: .venv/ready
	@scripts/sandbox.sh $(BIN)/python scripts/benchmark.py $(if $(CHARM),--charm $(CHARM))

sbom: .venv/ready
	@$(BIN)/python scripts/sbom.py $(CHARM)

pins: .venv/ready
	@$(BIN)/python scripts/pins.py

.venv/ready: pyproject.toml scripts/set_up.py $(if $(PYTHON),always)
	@$(or $(PYTHON),python3) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	    { echo "Python 3.11 or newer is needed: install it, or name one: make PYTHON=..."; exit 1; }
	@$(or $(PYTHON),python3) scripts/set_up.py $(if $(PYTHON),--this-python)

clean:
	rm -rf .venv .tox .cache .hypothesis .mypy_cache .pytest_cache .ruff_cache .coverage uv.lock
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
