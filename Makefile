# Throughline: every command of the checkout. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup schemas lock format lint style types test demo up down bench storm screenshots clean

BIN := .venv/bin
UV := $(BIN)/uv --quiet
PACKAGES := $(patsubst %/pyproject.toml,%,$(wildcard contracts/pyproject.toml chassis/pyproject.toml \
	services/*/pyproject.toml cli/pyproject.toml deploy/local/pyproject.toml deploy/sandbox/pyproject.toml \
	examples/pyproject.toml))
CODE := $(wildcard contracts chassis services cli deploy examples bench tests)
# SERVICE=payout narrows lint, types and tests to that service.
SCOPE := $(if $(SERVICE),services/$(SERVICE),$(CODE))

# Tests run side by side: they wait more than they compute. Each process has a broker and a database server of its own;
# tests that share a stack stay together, and the longest begin first. PROCESSES=1 runs them one after the other.
PROCESSES ?= 3
SIDE_BY_SIDE := $(if $(filter-out 1,$(PROCESSES)),-n $(PROCESSES) --dist loadgroup --no-loadscope-reorder)

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' Makefile

setup: .venv/.ready ## Install what is missing into .venv (Python 3.11 or newer is all it needs)

.venv/.python:
	@deploy/local/make-venv .venv
	@touch $@

.venv/.ready: .venv/.python Makefile requirements.lock $(addsuffix /pyproject.toml,$(PACKAGES))
	@deploy/local/install-locked .venv requirements.lock $(PACKAGES)
	@touch $@

lock: .venv/.python ## Resolve requirements.in into requirements.lock, pinned by hash, and each image's own from it
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(UV) pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--output-file requirements.lock requirements.in >/dev/null
	@deploy/local/lock-services $(UV)
	@echo "The locks are up to date; run 'make setup' to install the checkout's."

format: setup ## Let ruff put the code into its layout
	@$(BIN)/ruff check --quiet --fix $(SCOPE) || true
	@$(BIN)/ruff format --quiet $(SCOPE)

lint: style types ## Check style, layout and types

style: setup
	@echo "ruff"
	@$(BIN)/ruff check --quiet $(SCOPE)
	@$(BIN)/ruff format --quiet --check $(SCOPE)

types: setup ## Check types (mypy --strict)
	@echo "mypy"
	@deploy/local/check-types $(BIN)/mypy $(SCOPE)

schemas: setup ## Write the JSON Schemas and the AsyncAPI document from the models
	@$(BIN)/python -m throughline.schema_files write contracts/schemas

test: setup lint ## Check everything: lint, types and every test (SERVICE=payout: that service alone)
	@$(if $(SERVICE),,deploy/local/chromium install)
	@echo "pytest"
	@$(BIN)/pytest $(SIDE_BY_SIDE) $(SCOPE)
	@$(if $(SERVICE),,deploy/local/chromium report)

demo: setup ## Run the whole line on sample input to its end (INPUT=dir: on your own files)
	@$(BIN)/throughline demo $(if $(INPUT),--input "$(INPUT)")

up: setup ## Start the stack and leave it running
	@$(BIN)/throughline up

down: setup ## Stop what `make up` started
	@$(BIN)/throughline down

bench: setup ## Measure, and write bench/RESULTS.md
	@$(BIN)/python -m bench

storm: setup ## Kill processes at seeded moments and compare with the undisturbed run
	@$(BIN)/python -m tests.storm

screenshots: setup ## Take the README's pictures of the portal, of what `make demo` left
	@$(BIN)/throughline up --stack var/demo/stack && $(BIN)/python -m tests.browser.screenshots var/demo/stack; \
		status=$$?; $(BIN)/throughline down --stack var/demo/stack; exit $$status

clean: ## Remove what was installed, started and produced in this checkout
	@if [ -x $(BIN)/throughline ]; then $(BIN)/throughline down >/dev/null 2>&1 || true; fi
	@rm -rf .venv var .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
