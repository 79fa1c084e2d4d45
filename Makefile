# `make demo` and `make test` set up all they need: Python 3.11+, git and a package registry are enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
LEARNING := $(VENV)/learning/.ready

.PHONY: demo test fast check format golden generate lock bench tools torch cluster-up cluster-down clean

demo: $(READY) $(LEARNING)  ## the whole main job, on a git target of its own
	@$(BIN)/python -m tools.demo

test: $(READY)  ## all tests that this machine can run
	@$(BIN)/python -m pytest -n auto --dist loadgroup

fast: $(READY)  ## the tests that take moments
	@$(BIN)/python -m pytest -n auto --dist loadgroup -m "not slow and not cluster"

check: $(READY)  ## lint, format, types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: $(READY)
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

golden: $(READY)  ## regenerate golden files; read the diff before you commit it
	@$(BIN)/python -m pytest -n auto --dist loadgroup --update-golden tests || true
	@git status --short tests

generate: $(READY)  ## schemas and reference pages from the models
	@$(BIN)/python tools/generate.py

bench: $(READY)
	@$(BIN)/python benchmarks/offline.py

lock: $(READY)  ## pin every dependency with hashes
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --group dev -c tools/constraints.txt pyproject.toml -o requirements.lock

tools:  ## Pulumi, a Kubernetes control plane, Prometheus and CRDs for the tests; about 35 minutes from nothing
	@tools/build.sh
	@tools/crds.sh fetch
	@tools/checks.sh

torch:  ## PyTorch and Captum, to run again what explains PyTorch models; 6 GB
	@tools/checks.sh torch

CLUSTER ?= dev
cluster-up:  ## a local Kubernetes with simulated GPU nodes, and the definitions that the worked example needs
	@tools/cluster.sh up $(CLUSTER)
	@tools/crds.sh apply "$$(tools/cluster.sh up $(CLUSTER))" prometheus-operator gateway-api argo-rollouts >/dev/null
	@printf '%s\n' "It runs until 'make cluster-down'. To use it in this shell:" \
	  "  eval \"\$$(tools/cluster.sh env $(CLUSTER))\"" "  kubectl get nodes -L pool" >&2

cluster-down:
	@tools/cluster.sh down $(CLUSTER)

$(READY): requirements.lock pyproject.toml
	@echo "setting up $(VENV)" >&2
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "opsdecl needs Python 3.11 or newer; try: make PYTHON=python3.12")'
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# Beside $(VENV), whose versions it must not move. `make tools` has the same; without either, the demo says what it leaves out.
$(LEARNING): tools/checks.txt $(READY)
	@. tools/folders.sh; [ -x "$$TOOLS/checks/bin/python" ] || { \
	  echo "setting up scikit-learn in $(VENV)/learning, for what the demo really trains and measures" >&2; \
	  $(PYTHON) -m venv $(VENV)/learning && \
	  $(VENV)/learning/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r tools/checks.txt; } || true
	@mkdir -p $(VENV)/learning && touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
