# Two commands matter: `make run` shows the gateway at work, `make test` proves it. `make help` lists the rest.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VENV ?= .venv
BIN := $(VENV)/bin
# Tried in this order; each is asked for its version, since a name may exist and not run (pyenv shims).
PYTHONS := $(PYTHON) python3.11 python3.12 python3.13 python3
# More than there usually are cores: many tests wait for processes of their own.
JOBS ?= 3
PYTEST_ARGS ?=

# What an environment was made from decides whether it is still good.
LOCKED := requirements/build.txt setup.cfg pyproject.toml
RUN_STAMP := $(VENV)/.made-for-run
DEV_STAMP := $(VENV)/.made-for-dev

.PHONY: help run test soak bench bench-large bench-many lint format types imports check lock docs wheel clean distclean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

run: $(RUN_STAMP) ## show the gateway at work (ONCE=1: throw-away store, tell by the exit code)
	@$(BIN)/python -m fixtures.demo $(if $(ONCE),--once)

# Workers and the processes that tests start load the same code; kept compiled, also where Python is told not to.
test soak: export PYTHONDONTWRITEBYTECODE :=

test: $(DEV_STAMP) ## all tests that need nothing but pip; uses PostgreSQL, xmlsec1 and nginx where present
	@$(BIN)/python -m pytest -n $(JOBS) --dist worksteal $(PYTEST_ARGS)

soak: $(DEV_STAMP) ## the same tests in their big sizes
	@INGE_RING=full $(BIN)/python -m pytest -n $(JOBS) --dist worksteal $(PYTEST_ARGS)

bench: $(DEV_STAMP) ## measure against the bare floor (QUICK=1: under two minutes)
	@$(BIN)/python -m benchmarks $(if $(QUICK),--quick)

bench-large: $(DEV_STAMP) ## a million records through the door for deliveries (RECORDS=N: fewer)
	@$(BIN)/python -m benchmarks.large $(if $(RECORDS),--records $(RECORDS))

bench-many: $(DEV_STAMP) ## the duplicate test among millions of persons (PERSONS=N: fewer)
	@$(BIN)/python -m benchmarks.many $(if $(PERSONS),--persons $(PERSONS))

check: lint types imports ## everything a reviewer would run besides the tests

lint: $(DEV_STAMP) ## ruff, rules and layout
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

format: $(DEV_STAMP) ## let ruff lay out the code
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

types: $(DEV_STAMP) ## mypy --strict
	@$(BIN)/mypy

imports: $(DEV_STAMP) ## the rooms import one way only
	@$(BIN)/lint-imports

docs: $(DEV_STAMP) ## make the generated reference pages anew
	@$(BIN)/python -m messages.errors_page > docs/errors.md
	@$(BIN)/python -m adapters.cli.config_page > docs/configuration.md
	@$(BIN)/python -m adapters.cli.rules_page > docs/decision-table.md
	@$(BIN)/python -m adapters.cli.information_page > docs/information-scope.md

wheel: $(DEV_STAMP) ## build the wheel into dist/
	@rm -rf build dist && $(BIN)/python -m build --wheel --no-isolation --outdir dist .

# uv resolves for every supported Python and platform at once; it is used for nothing else, hence its own environment.
UV := .venv-lock/bin/uv
COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-annotate --no-header --no-emit-index-url $(if $(UPGRADE),--upgrade)
lock: ## resolve the dependencies anew from setup.cfg (UPGRADE=1: to the newest allowed)
	@$(call make-venv,.venv-lock)
	@.venv-lock/bin/python -m pip install --quiet --require-hashes -r requirements/lock.txt
	@$(COMPILE) setup.cfg -o requirements/base.txt
	@$(COMPILE) --extra print setup.cfg -o requirements/print.txt
	@$(COMPILE) --extra server --extra print setup.cfg -o requirements/server.txt
	@$(COMPILE) --extra server --extra print --extra dev setup.cfg -o requirements/dev.txt
	@$(COMPILE) -c requirements/dev.txt requirements/build.in -o requirements/build.txt
	@$(COMPILE) requirements/lock.in -o requirements/lock.txt

clean: ## remove what was built and cached; keeps the environment and the demo's store
	@rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -not -path './.venv*' -prune -exec rm -rf {} +

distclean: clean ## remove the environments and the demo as well
	@rm -rf .venv .venv-lock var

$(RUN_STAMP): requirements/server.txt $(LOCKED)
	@$(call make-venv,$(VENV))
	@echo "Installing the locked dependencies (once; needs a package index)"
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements/build.txt
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements/server.txt
	@PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(DEV_STAMP): requirements/dev.txt $(LOCKED)
	@$(call make-venv,$(VENV))
	@echo "Installing the locked dependencies with the test tools (once; needs a package index)"
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements/build.txt
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.txt
	@PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@ $(RUN_STAMP)

# An environment that does not start (copied from elsewhere, its Python removed) is made anew.
define make-venv
if ! $(1)/bin/python -c 'import pip' 2>/dev/null; then \
	rm -rf $(1); \
	for candidate in $(PYTHONS); do \
		if "$$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then \
			found="$$candidate"; break; \
		fi; \
	done; \
	if [ -z "$${found:-}" ]; then \
		echo "No Python 3.11, 3.12 or 3.13 found. Debian: apt install python3 python3-venv; elsewhere: make PYTHON=/path/to/python" >&2; exit 2; \
	fi; \
	if ! "$$found" -c 'import venv, ensurepip' 2>/dev/null; then \
		echo "$$found cannot make virtual environments. Debian: apt install python3-venv" >&2; exit 2; \
	fi; \
	echo "Making $(1) with $$("$$found" --version)"; \
	"$$found" -m venv $(1); \
fi
endef
