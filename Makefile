# `make` lists the targets. Each target first creates the virtual environment .venv, or updates it, if necessary.
.DEFAULT_GOAL := help
# Two stamps in .venv: the packages for running are installed, and all the others are installed as well.
RUN := .venv/.installed-run
VENV := .venv/.installed
BIN := .venv/bin
# The local stack's data and logs; another folder is another stack.
FOLDER := .local

##@ Run it here
.PHONY: run token sign-up operator country reset
run: $(RUN) ## Start the whole service on this machine (PORT=8000, AWS_PORT=5000, DATABASE_URL, MYSQL_IMAGE)
	@$(BIN)/python -m dev.run --folder "$(FOLDER)"

token: $(RUN) ## Print an access token for a person of the local stack: make token AS=rita
	@$(BIN)/python -m dev.token --folder "$(FOLDER)" "$(AS)"

sign-up: $(RUN) ## Sign up as a new patient: make sign-up AS=ana EMAIL=ana@example.org (NAME="Ana Ríos")
	@$(BIN)/python -m dev.sign_up --folder "$(FOLDER)" --name "$(NAME)" "$(AS)" "$(EMAIL)"

operator: $(RUN) ## Run an operators' command on the local stack: make operator ARGS="users list"
	@$(BIN)/python -m dev.operator --folder "$(FOLDER)" -- $(ARGS)

# The variables of the command line are countries. They are read from MAKEFLAGS, so that no shell reads them.
country: $(RUN) ## Take a country's database away, or bring it back: make country PE=down, then PE=up
	@$(BIN)/python -m dev.country --folder "$(FOLDER)" --makeflags="$$MAKEFLAGS"

reset: $(RUN) ## Delete the local data, so that the next run starts afresh
	@$(BIN)/python -m dev.reset --folder "$(FOLDER)"

##@ Check it
.PHONY: test lint format types pytest fuzz openapi openapi-lint terraform-check
test: lint types pytest ## Run lint, types and pytest: everything that must pass before a commit

lint: $(VENV) ## Check the code with ruff, and that it is formatted
	$(BIN)/ruff check
	$(BIN)/ruff format --check

format: $(VENV) ## Format the code, and fix what ruff can fix
	$(BIN)/ruff check --fix-only
	$(BIN)/ruff format
	$(BIN)/ruff check

types: $(VENV) ## Check the types with mypy --strict
	$(BIN)/mypy

# Tests start make themselves, which must not take itself for a part of this one.
pytest: $(VENV) ## Run all tests on all cores, or those that ARGS chooses (ARGS="-k name")
	MAKEFLAGS= MAKELEVEL= $(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder $(ARGS)

test-%: $(VENV) ## Run one folder of tests: make test-unit
	$(BIN)/pytest tests/$* $(ARGS)

fuzz: $(VENV) ## Send the API random requests as every role for a long time, and count the answers
	$(BIN)/pytest -s -q tests/api/test_fuzz.py --hypothesis-profile=full $(ARGS)

openapi: $(VENV) ## Write openapi.json again after a change to the routes or schemas
	@$(BIN)/python -m dev.openapi_file

openapi-lint: $(VENV) ## Check openapi.json against the rules of Spectral and Redocly (needs Node.js)
	@$(BIN)/python -m dev.openapi_lint

# Runs Terraform, then tests/terraform, checkov and PLAN_LINTER on its plans as JSON. It reads the account's zones and changes
# nothing. PLAN_LINTER is any program that judges plans whose names it gets, for example by the schemas that AWS publishes.
STACK := build/terraform
# Where Terraform downloads the provider, it stops here unless the lock file names that version (docs/contributing.md).
TF_INIT := -backend=false -input=false -lockfile=readonly
# Terraform reads the schemas of 1,500 resources for every plan, and would spend 30 % of its time on collecting garbage.
terraform-check drill: export GOGC := 400
terraform-check: $(VENV) build/checkov/.installed ## Check terraform/ in every shape, and that mistakes are found (PLAN_LINTER=program)
	terraform fmt -check -recursive terraform
	for root in terraform/bootstrap terraform; do \
	  terraform -chdir=$$root init $(TF_INIT) >/dev/null && terraform -chdir=$$root validate || exit 1; done
	$(BIN)/python -m dev.plans $(STACK)
	$(MAKE) -j 2 $(addprefix terraform-test-,prod refused staging dev)
	$(BIN)/pytest -n 2 tests/terraform $(ARGS)
	build/checkov/bin/checkov --config-file .checkov.yaml -f $(STACK)/prod-country.json
	@if [ -n "$(PLAN_LINTER)" ]; then ls $(STACK)/*.json | xargs -n 4 -P 2 "$(PLAN_LINTER)"; \
	else echo "PLAN_LINTER names no linter of plans, so that step is left out."; fi

# A file of Terraform's own tests, with the environment of its name; what is refused, prod refuses.
terraform-test-%:
	terraform -chdir=terraform test -var=package_path=$(CURDIR)/$(STACK)/stack/package.zip \
	  -var-file=environments/$(patsubst refused,prod,$*).tfvars -filter=tests/$*.tftest.hcl

build/checkov/.installed: requirements-terraform.txt
	$(BIN)/python -m venv build/checkov
	build/checkov/bin/pip install --quiet -r requirements-terraform.txt
	@touch $@

.PHONY: drill
drill: $(VENV) ## Run every command block of docs/operations.md against an emulator of AWS (needs Terraform, jq, curl)
	@$(BIN)/python -m dev.drill

##@ Call it from elsewhere
.PHONY: clients client-python client-typescript
# The clients are generated here, each in its own folder.
CLIENTS := build/clients
clients: client-python client-typescript ## Generate typed Python and TypeScript clients from openapi.json (or just client-python)

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
package: $(VENV) ## Build build/lambda.zip for arm64 and print its SHA-256 (PACKAGE_PYTHON=python3.13, RDS_CA_BUNDLE=file)
	@$(BIN)/python -m dev.package build/lambda.zip $(if $(PACKAGE_PYTHON),--python "$(PACKAGE_PYTHON)") \
	  $(if $(RDS_CA_BUNDLE),--ca-bundle "$(RDS_CA_BUNDLE)")

##@ Measure it
.PHONY: bench-bounded
bench-bounded: $(VENV) ## Time every kind of request and the operators' commands with 100,000 appointments (ten minutes)
	@$(BIN)/python -m benchmarks.bounded

.PHONY: bench-search
bench-search: $(VENV) ## Time searches among 1,000,000 people (ten minutes)
	@$(BIN)/python -m benchmarks.search

.PHONY: bench
bench: $(VENV) ## Compare the handler with raw PyMySQL, as a Markdown table
	@$(BIN)/python -m benchmarks.requests

##@ Set up
.PHONY: venv help
venv: $(VENV) ## Create or update the virtual environment .venv with all packages (PYTHON=python3.12)

$(RUN): requirements.txt requirements-cli.txt requirements-run.txt dev/venv.sh
	@PYTHON="$(PYTHON)" sh dev/venv.sh requirements-run.txt
	@touch $@

$(VENV): requirements.txt requirements-cli.txt requirements-run.txt requirements-dev.txt dev/venv.sh
	@PYTHON="$(PYTHON)" sh dev/venv.sh requirements-dev.txt
	@touch $(RUN) $@

help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} \
	  /^##@/ {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z%-]+:.*## / {sub("%", "FOLDER", $$1); printf "  make %-17s %s\n", $$1, $$2}' Makefile
