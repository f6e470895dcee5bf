# `make` lists what there is. The virtual environment .venv comes and stays up to date by itself.
.DEFAULT_GOAL := help
VENV := .venv/.installed
BIN := .venv/bin
# The local stack's data and logs; another folder is another stack.
FOLDER := .local

##@ Run it here
.PHONY: run token reset
run: $(VENV) ## The whole service on this machine (PORT=8000, AWS_PORT=5000, DATABASE_URL, MYSQL_IMAGE)
	@$(BIN)/python -m dev.run --folder "$(FOLDER)"

token: $(VENV) ## An access token of a demo person: make token AS=rita
	@$(BIN)/python -m dev.token --folder "$(FOLDER)" "$(AS)"

reset: $(VENV) ## Forget the local data
	@$(BIN)/python -m dev.reset --folder "$(FOLDER)"

##@ Check it
.PHONY: test lint format types pytest
test: lint types pytest ## Everything that must hold before a commit

lint: $(VENV) ## Rules and format of the code
	$(BIN)/ruff check
	$(BIN)/ruff format --check

format: $(VENV) ## Mend what ruff can mend
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

types: $(VENV) ## mypy --strict
	$(BIN)/mypy

pytest: $(VENV) ## All tests, on every core (ARGS="-k name")
	$(BIN)/pytest -n auto $(ARGS)

test-%: $(VENV) ## One folder of tests: make test-unit
	$(BIN)/pytest tests/$* $(ARGS)

##@ Measure it
.PHONY: bench
bench: $(VENV) ## The handler against raw PyMySQL, as a Markdown table
	@$(BIN)/python -m benchmarks.requests

##@ Set up
.PHONY: venv help
venv: $(VENV) ## The virtual environment .venv (PYTHON=python3.12 to choose)

$(VENV): requirements.txt requirements-cli.txt requirements-dev.txt dev/venv.sh
	@PYTHON="$(PYTHON)" sh dev/venv.sh

help: ## This list
	@awk 'BEGIN {FS = ":.*## "} \
	  /^##@/ {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z%-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' Makefile
