# Every task of the project; `make` alone lists them. Each sets up what it needs first, which takes some
# minutes on a new machine and no time afterwards.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
# A qcow2 of your own for `make run`; without it a small one is built.
IMAGE ?=
# More options for pytest, such as PYTEST_FLAGS="-k quota".
PYTEST_FLAGS ?=

venv := .venv
bin := $(venv)/bin
uv_install := $(bin)/uv pip install --quiet --python $(bin)/python
install_locked := $(uv_install) --require-hashes --requirements
install_pextra := $(uv_install) --no-deps --no-build-isolation --editable .
# The lock is for every platform and Python version that is supported, and names no registry.
compile := $(bin)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade \
	--no-header --no-emit-index-url --no-emit-find-links
agree := --constraints requirements/dev.txt

.PHONY: help
help: ## Lists the tasks
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-18s  %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: $(venv)/.stamp-run ## Starts the whole cloud on this machine, with something in it
	$(bin)/pextra up --demo $(if $(IMAGE),--image $(IMAGE))

.PHONY: test
test: $(venv)/.stamp-dev ## Runs the tests, but for the slow ones
	$(bin)/pytest -n 2 -m "not slow" $(PYTEST_FLAGS)

.PHONY: test-slow
test-slow: $(venv)/.stamp-dev ## Runs the slow tests
	$(bin)/pytest -n 2 -m slow $(PYTEST_FLAGS)

.PHONY: lint
lint: $(venv)/.stamp-dev ## Checks style, types and the direction of imports
	$(bin)/ruff check
	$(bin)/ruff format --check
	$(bin)/pyright
	$(bin)/lint-imports

.PHONY: format
format: $(venv)/.stamp-dev ## Formats the code and mends what can be mended
	$(bin)/ruff check --fix-only
	$(bin)/ruff format

.PHONY: generate
generate: $(venv)/.stamp-dev ## Renews the files that follow from the declarations
	$(bin)/python scripts/generate.py

.PHONY: terraform-provider
terraform-provider: $(venv)/.stamp-dev ## Builds the provider for Terraform and OpenTofu, in build/terraform
	$(bin)/python scripts/build-terraform-provider.py build/terraform

.PHONY: lock
lock: $(venv)/.stamp-bootstrap ## Renews the locked versions in requirements/
	$(compile) --extra server --extra vault --extra pulumi --extra terraform --extra package --extra gpu --extra ovn --extra dev \
		pyproject.toml --output-file requirements/dev.txt
	$(compile) $(agree) --extra server pyproject.toml --output-file requirements/run.txt
	$(compile) $(agree) --extra agent pyproject.toml --output-file requirements/agent.txt
	$(compile) $(agree) --extra vault pyproject.toml --output-file requirements/vault.txt
	$(compile) $(agree) --extra terraform pyproject.toml --output-file requirements/terraform.txt
	$(compile) $(agree) --extra libvirt pyproject.toml --output-file requirements/libvirt.txt
	$(compile) $(agree) --extra gpu pyproject.toml --output-file requirements/gpu.txt
	$(compile) $(agree) --extra ovn pyproject.toml --output-file requirements/ovn.txt
	$(compile) $(agree) requirements/bootstrap.in --output-file requirements/bootstrap.txt

.PHONY: clean
clean: ## Removes everything that is made here, the virtual environment too
	rm -rf $(venv) .cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis build dist
	find . -name __pycache__ -prune -exec rm -rf {} +

# --- Setup. A stamp is renewed when what it was made from changes; the system's packages are looked at
# --- every time, for they may go without a word.

.PHONY: system-python system-run system-test
system-python system-run system-test: system-%:
	@scripts/setup-system.sh $*

$(venv)/.stamp-bootstrap: requirements/bootstrap.txt | system-python
	$(PYTHON) -m venv $(venv)
	$(bin)/python -m pip install --quiet --require-hashes --requirement requirements/bootstrap.txt
	touch $@

$(venv)/.stamp-run: requirements/run.txt requirements/gpu.txt requirements/libvirt.txt pyproject.toml $(venv)/.stamp-bootstrap | system-run
	$(install_locked) requirements/run.txt
	$(install_locked) requirements/gpu.txt
	scripts/install-libvirt-python.sh
	scripts/install-novnc.sh
	$(install_pextra)
	touch $@

$(venv)/.stamp-dev: requirements/dev.txt requirements/libvirt.txt pyproject.toml $(venv)/.stamp-bootstrap | system-run system-test
	$(install_locked) requirements/dev.txt
	scripts/install-libvirt-python.sh
	scripts/install-novnc.sh
	$(install_pextra)
	touch $@
