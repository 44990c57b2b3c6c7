# The two commands a newcomer needs are `make demo` and `make test`.
PYTHON ?= python3
TORCH_BACKEND ?=
TEST_PROCESSES ?= 4
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed-$(or $(TORCH_BACKEND),default)

.PHONY: help setup demo test lint types walls pytest chaos clients format clean

help:            ## this list
	@grep -E '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 14

setup: $(STAMP)  ## the environment in .venv (TORCH_BACKEND=cpu or cu128 for another torch build)

$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python --constraint constraints.txt \
	    $(if $(TORCH_BACKEND),--torch-backend=$(TORCH_BACKEND)) --editable '.[postgres,s3,demo,dev]'
	$(BIN)/python -m stylenet weights
	@rm -f $(VENV)/.installed-*
	@touch $@

demo: setup      ## a local Discord, the real bot and one painting; then a page to go on in
	$(BIN)/python -m bot demo

test: lint types walls pytest  ## everything that must hold before a change lands

lint: setup      ## format and lint
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: setup     ## strict types on both packages
	$(BIN)/mypy

walls: setup     ## the import walls of ARCHITECTURE.md
	$(BIN)/lint-imports

pytest: setup    ## unit, integration and acceptance tests
	$(BIN)/python -m pytest --numprocesses $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder

chaos: setup     ## kill the bot CHAOS_KILLS=200 times and count the pictures; CHAOS_SEED repeats
	$(BIN)/python -m tests.acceptance.chaos

clients: setup   ## run a bot of each client library against the playground
	$(BIN)/python -m tests.client_libraries

format: setup    ## rewrite in the house format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:           ## forget the environment and every cache
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
