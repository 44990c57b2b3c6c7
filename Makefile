# The two commands a newcomer needs are `make demo` and `make test`.
PYTHON ?= python3
TORCH_BACKEND ?=
TEST_PROCESSES ?= 4
VENV := .venv
SHIPPED := build/shipped
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed-$(or $(TORCH_BACKEND),default)

.PHONY: help setup demo screenshots gallery test lint types walls pytest chaos fuzz clients build audit format clean

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

screenshots: setup  ## remake the pictures of the chat page in docs/images (needs Chromium)
	$(BIN)/python docs/screenshots.py

gallery: setup   ## paint the sheet of docs/gallery.md anew, some minutes
	$(BIN)/python docs/gallery_sheet.py

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

chaos: setup     ## disturb the bot CHAOS_KILLS=200 times, count the pictures; CHAOS_SEED repeats
	$(BIN)/python -m tests.acceptance.chaos

fuzz: setup      ## inspect FUZZ_FILES=10000 hostile files; FUZZ_SEED repeats a run
	$(BIN)/python -m tests.fuzz

clients: setup   ## run a bot of each client library against the playground
	$(BIN)/python -m tests.client_libraries

build: setup     ## the wheel, and a list of what it is installed with (CycloneDX), in dist/
	rm -rf dist $(SHIPPED)
	$(BIN)/uv build --quiet --wheel --out-dir dist
	$(BIN)/uv venv --quiet $(SHIPPED)
	$(BIN)/uv pip install --quiet --python $(SHIPPED)/bin/python --constraint constraints.txt \
	    $(if $(TORCH_BACKEND),--torch-backend=$(TORCH_BACKEND)) "$$(echo dist/*.whl)[postgres,s3]"
	$(BIN)/uv tool run --constraints constraints.txt --from cyclonedx-bom cyclonedx-py environment \
	    --pyproject pyproject.toml --output-reproducible --of JSON \
	    -o "$$(echo dist/*.whl | sed 's/whl$$/cdx.json/')" $(SHIPPED)/bin/python

audit:           ## ask the Python advisory database about every pinned version (needs the network)
	test -x $(BIN)/uv || $(MAKE) setup
	$(BIN)/uv tool run --constraints constraints.txt pip-audit --strict --no-deps --disable-pip \
	    --requirement constraints.txt

format: setup    ## rewrite in the house format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:           ## forget the environment and every cache
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
