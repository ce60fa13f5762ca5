# The commands that the README promises. Each sets up all that it needs.

PYTHON ?= python3
PORT ?= 8000
WORKERS ?= $(if $(filter 1 memory,$(CONFIG_API_FAULTS) $(CONFIG_API_STORE)),1,2)
MINUTES ?= 5
RUNS ?= 5
STAGE ?= dev
BIN := .venv/bin
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --custom-compile-command "make lock"

.DEFAULT_GOAL := help
.PHONY: help run test setup lint check matrix steady bench package audit lock sbom soak proof mutants openapi format clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: .venv/.runtime ## Serve API, /docs and dashboard on http://127.0.0.1:8000 (PORT=…), data in var/
	@$(BIN)/python tools/port.py '$(PORT)'
	@# Without this check, each worker would report the same wrong setting.
	@$(BIN)/python -m entrypoints.wsgi
	@echo "Config API: http://127.0.0.1:$(PORT)/   docs: http://127.0.0.1:$(PORT)/docs   stop: Ctrl+C"
	@$(BIN)/gunicorn --bind 127.0.0.1:$(PORT) --workers $(WORKERS) --log-level warning entrypoints.wsgi:app

test: lint browser generators ## Run every check and every test, with the coverage gate
	$(BIN)/pytest -n 2 --dist loadgroup --cov --cov-report= $(ARGS)
	$(BIN)/coverage report

setup: .venv/.development ## Make .venv with everything that development needs

lint: .venv/.development ## Check style, types, security rules and import contracts
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive domain adapters entrypoints tools gunicorn.conf.py
	@$(MAKE) --no-print-directory javascript

check: lint ## Lint, and run the fast tests
	$(BIN)/pytest -m "not slow" $(ARGS)

matrix: .venv/.development ## Run the fast tests on every supported Python that is installed
	$(BIN)/python tools/matrix.py $(ARGS)

steady: .venv/.development browser ## Repeat the suite RUNS=5 times in random order on a busy machine
	$(BIN)/python tools/steady.py --runs $(RUNS) -- $(ARGS)

bench: .venv/.bench ## Run the benchmarks and write docs/performance.md (minutes; SHORT=1: a fifth, writes nothing)
	$(BIN)/python -m benchmarks

package: .venv/.development ## Build build/package.zip, what `zappa deploy` uploads (STAGE=dev)
	@mkdir -p build
	@# Zappa refuses to run without an active virtual environment.
	VIRTUAL_ENV=$(abspath .venv) $(BIN)/zappa package $(STAGE) -o build/package.zip

audit: .venv/.development ## Search for known vulnerabilities of the locked dependencies (needs the network)
	@$(BIN)/pip-audit --strict --require-hashes --disable-pip --progress-spinner off -r requirements.txt || { \
	  echo "pip-audit found a vulnerability, or PyPI did not answer for a package. In the second case, run it on a machine" >&2; \
	  echo "that reaches PyPI itself: a mirror of PyPI has no data on vulnerabilities." >&2; exit 1; }

lock: .venv/.development ## Write requirements*.txt from pyproject.toml (to upgrade: UPGRADE=--upgrade)
	$(LOCK) $(UPGRADE) pyproject.toml --output-file requirements.txt >/dev/null
	$(LOCK) $(UPGRADE) pyproject.toml --group dev --constraints requirements.txt --output-file requirements-dev.txt >/dev/null
	$(LOCK) $(UPGRADE) --group bench --constraints requirements-dev.txt --output-file requirements-bench.txt >/dev/null

sbom: .venv/.development ## Write build/sbom.json, a CycloneDX bill of materials of requirements.txt
	@mkdir -p build
	@# -W ignore: the tool warns that a requirements file has no dependency graph.
	$(BIN)/python -W ignore -m cyclonedx_py requirements requirements.txt --pyproject pyproject.toml --output-reproducible -o build/sbom.json

soak: .venv/.development ## Run the DynamoDB store under injected faults for MINUTES=5, then check every promise
	$(BIN)/python -m verification.soak --minutes $(MINUTES)

proof: .venv/.development ## Explore every schedule of concurrent requests to the DynamoDB store (minutes)
	$(BIN)/python -m verification.simulation

mutants: .venv/.development ## Run mutation tests on the domain and the retry policy (minutes)
	rm -rf mutants
	$(BIN)/mutmut run
	@$(BIN)/python tools/mutants.py

openapi: .venv/.development ## Write openapi.json
	$(BIN)/flask --app entrypoints.wsgi openapi > openapi.json

format: .venv/.development ## Format the code
	$(BIN)/ruff check --fix-only --quiet
	$(BIN)/ruff format
	@if command -v npm > /dev/null; then \
	  $(MAKE) --no-print-directory $(NODE_TOOLS)/node_modules/.installed && npm --prefix $(NODE_TOOLS) run --silent format; \
	fi

clean: ## Remove what the other targets made, except var/
	rm -rf .venv .cache mutants .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build .coverage*

# The checks of the dashboard's JavaScript: strict types and format, with pinned tools.
NODE_TOOLS := tools/javascript

.PHONY: javascript
javascript:
	@if command -v npm > /dev/null; then \
	  $(MAKE) --no-print-directory $(NODE_TOOLS)/node_modules/.installed && npm --prefix $(NODE_TOOLS) run --silent check; \
	else \
	  echo "npm is missing, so the dashboard's JavaScript is not checked. Install Node.js 18 or newer to check it." >&2; \
	fi

# What tests/clients needs to generate and compile TypeScript clients.
.PHONY: generators
generators:
	@if command -v npm > /dev/null; then $(MAKE) --no-print-directory tools/generators/node_modules/.installed; fi

%/node_modules/.installed: %/package-lock.json
	npm --prefix $* ci --silent
	@touch $@

.PHONY: browser
browser: .venv/.development
	@$(BIN)/python tools/browser.py

.venv/.python:
	@command -v $(PYTHON) >/dev/null || { \
	  echo "There is no $(PYTHON). Choose another Python, for example: make $(MAKECMDGOALS) PYTHON=python3" >&2; exit 1; }
	@$(PYTHON) tools/supported_python.py
	@$(PYTHON) -m venv .venv || { \
	  echo "Python's venv module is missing. On Debian and Ubuntu: sudo apt-get install python3-venv" >&2; exit 1; }
	@touch $@

.venv/.runtime: .venv/.python requirements.txt
	$(INSTALL) -r requirements.txt
	@touch $@

.venv/.bench: .venv/.development requirements-bench.txt
	$(INSTALL) -r requirements-bench.txt
	@touch $@

.venv/.development: .venv/.python requirements.txt requirements-dev.txt
	$(INSTALL) -r requirements-dev.txt
	@touch $@ .venv/.runtime
