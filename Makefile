# `make` lists what there is. The virtual environment .venv comes and stays up to date by itself.
.DEFAULT_GOAL := help
VENV := .venv/.installed
BIN := .venv/bin
# The local stack's data and logs; another folder is another stack.
FOLDER := .local

##@ Run it here
.PHONY: run token sign-up operator reset
run: $(VENV) ## The whole service on this machine (PORT=8000, AWS_PORT=5000, DATABASE_URL, MYSQL_IMAGE)
	@$(BIN)/python -m dev.run --folder "$(FOLDER)"

token: $(VENV) ## An access token of anybody on the running stack: make token AS=rita
	@$(BIN)/python -m dev.token --folder "$(FOLDER)" "$(AS)"

sign-up: $(VENV) ## A patient who signs up: make sign-up AS=ana EMAIL=ana@example.org (NAME="Ana Ríos")
	@$(BIN)/python -m dev.sign_up --folder "$(FOLDER)" --name "$(NAME)" "$(AS)" "$(EMAIL)"

operator: $(VENV) ## An operators' command on the running stack: make operator ARGS="users list"
	@$(BIN)/python -m dev.operator --folder "$(FOLDER)" -- $(ARGS)

reset: $(VENV) ## Delete the local data
	@$(BIN)/python -m dev.reset --folder "$(FOLDER)"

##@ Check it
.PHONY: test lint format types pytest fuzz openapi terraform-check
test: lint types pytest ## Everything that must hold before a commit

lint: $(VENV) ## Rules and format of the code
	$(BIN)/ruff check
	$(BIN)/ruff format --check

format: $(VENV) ## Fix what ruff can fix
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

types: $(VENV) ## mypy --strict
	$(BIN)/mypy

pytest: $(VENV) ## All tests, on every core (ARGS="-k name")
	$(BIN)/pytest -n auto $(ARGS)

test-%: $(VENV) ## One folder of tests: make test-unit
	$(BIN)/pytest tests/$* $(ARGS)

fuzz: $(VENV) ## schemathesis at length, and how often each operation answered each role with what
	$(BIN)/pytest -s -q tests/api/test_fuzz.py --hypothesis-profile=full $(ARGS)

openapi: $(VENV) ## Write openapi.json anew, after a change of routes or schemas
	@$(BIN)/python -m dev.openapi_file

# Terraform, then its plans as JSON for tests/terraform and checkov. The account is read (which zones it has), never changed.
STACK := build/terraform
TF_TEST := terraform -chdir=terraform test -var=package_path=$(CURDIR)/$(STACK)/stack/package.zip
terraform-check: $(VENV) build/checkov/.installed ## terraform/ for every environment, and what turns it red
	terraform fmt -check -recursive terraform
	for root in terraform/bootstrap terraform; do \
	  terraform -chdir=$$root init -backend=false -input=false >/dev/null && terraform -chdir=$$root validate || exit 1; done
	$(BIN)/python -m dev.plans $(STACK)
	$(TF_TEST) -var-file=environments/prod.tfvars -filter=tests/prod.tftest.hcl -filter=tests/refused.tftest.hcl
	$(TF_TEST) -var-file=environments/staging.tfvars -filter=tests/staging.tftest.hcl
	$(TF_TEST) -var-file=environments/dev.tfvars -filter=tests/dev.tftest.hcl
	$(BIN)/pytest -n 2 tests/terraform $(ARGS)
	build/checkov/bin/checkov --config-file .checkov.yaml -f $(STACK)/prod.json

build/checkov/.installed: requirements-terraform.txt
	$(BIN)/python -m venv build/checkov
	build/checkov/bin/pip install --quiet -r requirements-terraform.txt
	@touch $@

##@ Call it from elsewhere
.PHONY: clients client-python client-typescript
# Where the clients go, each in a folder of its own.
CLIENTS := build/clients
clients: client-python client-typescript ## Typed Python and TypeScript from openapi.json (client-python makes one alone)

client-python: $(VENV)
	@mkdir -p "$(CLIENTS)"
	@$(BIN)/python clients/python/document.py openapi.json >"$(CLIENTS)/python.json"
	@PATH="$(abspath $(BIN)):$$PATH" openapi-python-client generate --path "$(CLIENTS)/python.json" --meta setup \
	  --config clients/python/config.yaml --output-path "$(CLIENTS)/python" --overwrite

client-typescript:
	@command -v npm >/dev/null || { \
	  echo "The TypeScript client needs Node.js 20 or later with npm, and there is none on the PATH." >&2; exit 1; }
	@mkdir -p "$(CLIENTS)/typescript"
	@cp clients/typescript/* "$(CLIENTS)/typescript"
	@echo "Generating $(CLIENTS)/typescript"
	@schema="$(CURDIR)/openapi.json"; cd "$(CLIENTS)/typescript" && npm ci --prefer-offline --no-audit --no-fund --silent && \
	  node_modules/.bin/openapi-typescript "$$schema" --output schema.ts >/dev/null && node_modules/.bin/tsc

##@ Deploy it
.PHONY: package
package: $(VENV) ## build/lambda.zip for arm64, with its SHA-256 (PACKAGE_PYTHON=python3.13, RDS_CA_BUNDLE=file)
	@$(BIN)/python -m dev.package build/lambda.zip $(if $(PACKAGE_PYTHON),--python "$(PACKAGE_PYTHON)") \
	  $(if $(RDS_CA_BUNDLE),--ca-bundle "$(RDS_CA_BUNDLE)")

##@ Measure it
.PHONY: bench-bounded
bench-bounded: $(VENV) ## Every kind of request, and operators' work, among 100,000 visits: ten minutes
	@$(BIN)/python -m benchmarks.bounded

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
	  /^[a-z%-]+:.*## / {printf "  make %-17s %s\n", $$1, $$2}' Makefile
