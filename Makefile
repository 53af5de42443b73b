# `make demo` and `make test` are each the only command needed on a fresh machine: they create .venv, install and run.
# An extra is installed again only when its packages, the build or the compiled sources change (a stamp remembers).

PYTHON ?= python3
BIN := .venv/bin
BUILD := $(shell sed -n 's/^requires = \[\(.*\)\]/\1/p' pyproject.toml | tr -d ',')
NATIVE := CMakeLists.txt $(wildcard src/adequate/native/*.cpp src/adequate/native/*.h)
# A process a core, each with one thread: threads that wait for one another on a busy core are slower than none. Bytecode
# is written whatever the environment says: without it every process rewrites the asserts of all tests once more. Files
# come in the order of tests/conftest.py, not those of many tests first.
PYTEST := OMP_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: help install demo test slow examples check docs bench clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' Makefile

install: .venv/installed-test ## create .venv with adequate and what its tests need

demo: .venv/installed-test ## condense a small network on scikit-learn's digits; writes runs/demo/report.html
	$(BIN)/adequate condense digits-cnn --data digits --margin 1.0 --finetune 5 --threads 1 --run runs/demo
	@echo "The report: $(CURDIR)/runs/demo/report.html"

test: .venv/installed-test ## the default suite, doctests, README and docs commands included
	$(PYTEST)

slow: .venv/installed-test .venv/installed-gpu ## the tests marked slow; Triton's too, for its interpreter
	$(PYTEST) -m slow

examples: .venv/installed-test ## every script of examples/
	$(BIN)/python -m pytest -m examples

check: .venv/installed-test .venv/installed-check .venv/installed-gpu ## format, lint, types (with Triton's), import layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/lint-imports

docs: .venv/installed-test .venv/installed-docs ## the site, into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

bench: .venv/installed-test ## one JSON line per figure: ratios to plain torch, what ResNet-50 and multipliers cost
	@$(BIN)/python benchmarks/ratios.py
	@$(BIN)/python benchmarks/resnet50.py
	@$(BIN)/python benchmarks/retraining.py
	@$(BIN)/python benchmarks/multipliers.py
	@$(BIN)/python benchmarks/lookup.py
	@$(BIN)/python benchmarks/gpu.py
	@$(BIN)/python benchmarks/accumulate.py
	@$(BIN)/python benchmarks/racing.py
	@$(BIN)/python -m benchmarks.strategies
	@$(BIN)/python benchmarks/search.py
	@$(BIN)/python benchmarks/cluster.py
	@$(BIN)/python benchmarks/accelerators.py

clean: ## remove what make made: .venv, site, caches, the demo's run
	rm -rf .venv site build dist runs/demo .pytest_cache .ruff_cache .hypothesis .import_linter_cache

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("adequate needs Python 3.11 or newer, this is " + sys.version.split()[0] + ": make PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv

.venv/installed-%: pyproject.toml constraints.txt $(NATIVE) | $(BIN)/build-tools
	$(BIN)/python -m pip install --disable-pip-version-check --no-build-isolation -c constraints.txt -e '.[$*]'
	@touch $@

# In the environment itself and not in a new one each time, so that a second extra does not compile the kernels again.
$(BIN)/build-tools: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --disable-pip-version-check cmake ninja $(BUILD)
	@touch $@
