# `make help` lists the targets. Everything made lives in this checkout (.venv/, data/) and in one cache folder, $(CACHE).
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/centralino
BIN := .venv/bin
WORKERS ?= 4
SEED ?= 1

.PHONY: help setup setup-dev demo run check test chaos promises unit bench diagrams lock clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14
	@echo "Everything lives in this checkout (.venv/, data/) and in $(CACHE)."

setup: ## install what is needed (root or sudo, once), make prompts and models ready
	@./setup.sh

setup-dev:
	@./setup.sh dev

demo: setup ## the main job, shown with real calls
	@$(BIN)/centralino demo

run: setup ## serve until Ctrl-C; says how to call it with a softphone
	@$(BIN)/centralino up

check: setup-dev ## format, lint, types, room boundaries, unit tests: under a minute
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest tests/unit -q -n $(WORKERS)

test: setup-dev ## every test, on the real Asterisk, PostgreSQL, Redis and speech engines
	$(BIN)/pytest -n $(WORKERS) --dist loadgroup --ignore tests/chaos
	$(BIN)/pytest tests/chaos # alone: its promises are in seconds, and other tests would eat them

chaos: setup-dev ## every fault at every moment of a call, 2,000 calls under kills, a soak: an hour and a half (SEED=n replays)
	$(BIN)/pytest tests/chaos -m "" --chaos-seed $(SEED)

promises: ## write docs/promises.md from the tests and their last results
	$(BIN)/python -m tests.promises

unit: ## the unit tests alone
	$(BIN)/pytest tests/unit -q

bench: setup-dev ## measure beside peers, half an hour; NAME=greeting, status, calls, practice, queue or queue-calls for one
	@$(BIN)/python -m bench $(NAME)

diagrams: ## draw docs/diagrams from the tables of states
	$(BIN)/centralino diagrams

lock: ## pin the dependencies again, with hashes and without index addresses
	$(BIN)/uv pip compile pyproject.toml -q --python-version 3.11 --universal --generate-hashes --no-emit-index-url --no-header --no-annotate -o requirements/run.lock
	$(BIN)/uv pip compile pyproject.toml -q --extra dev -c requirements/run.lock --python-version 3.11 --universal --generate-hashes --no-emit-index-url --no-header --no-annotate -o requirements/dev.lock

clean: ## remove the data folder (calls, messages, practices!) and .venv; the cache stays
	rm -rf data .venv
