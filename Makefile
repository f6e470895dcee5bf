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
.PHONY: test lint format types pytest terraform-check
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

CHECKOV := build/checkov/.installed
STACK := build/terraform
terraform-check: $(VENV) $(CHECKOV) ## The stack in terraform/, without an AWS account's knowledge: see docs/operations.md
	terraform fmt -check -recursive terraform
	terraform -chdir=terraform/bootstrap init -backend=false -input=false >/dev/null
	terraform -chdir=terraform/bootstrap validate
	terraform -chdir=terraform init -backend=false -input=false >/dev/null
	terraform -chdir=terraform validate
	$(BIN)/python -m dev.plans $(STACK)
	terraform -chdir=terraform test -var=package_path=$(CURDIR)/$(STACK)/stack/package.zip \
	  -var-file=environments/prod.tfvars -filter=tests/prod.tftest.hcl -filter=tests/refused.tftest.hcl
	for environment in staging dev; do terraform -chdir=terraform test -filter=tests/$$environment.tftest.hcl \
	  -var=package_path=$(CURDIR)/$(STACK)/stack/package.zip -var-file=environments/$$environment.tfvars || exit 1; done
	$(BIN)/pytest -n 2 tests/terraform $(ARGS)
	build/checkov/bin/checkov --config-file .checkov.yaml -f $(STACK)/prod.json

$(CHECKOV): requirements-terraform.txt
	$(BIN)/python -m venv build/checkov
	build/checkov/bin/pip install --quiet -r requirements-terraform.txt
	@touch $@

##@ Measure it
.PHONY: bench
bench: $(VENV) ## The handler against raw PyMySQL, as a Markdown table
	@$(BIN)/python -m benchmarks.requests

##@ Set up
.PHONY: venv help
venv: $(VENV) ## The virtual environment .venv (PYTHON=python3.12 to choose)

$(VENV): requirements.txt requirements-dev.txt dev/venv.sh
	@PYTHON="$(PYTHON)" sh dev/venv.sh

help: ## This list
	@awk 'BEGIN {FS = ":.*## "} \
	  /^##@/ {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z%-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' Makefile
