# Every target works from a fresh clone on Debian or Ubuntu with python3 and make, as root or not.

MAKEFLAGS += --no-print-directory
PYTHON_HERE := .venv/bin/python
PYTEST := env -u DATABASE_URL $(PYTHON_HERE) -m pytest

.DEFAULT_GOAL := help
.PHONY: help demo setup-run setup test lint bench prove clean

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-10s %s\n", $$1, $$2}' Makefile

demo: ## everything it takes, and an imaginary estate to look at on this machine
	@setup/bootstrap.sh demo
	@# Ctrl-C reaches it alone, and it ends well.
	@exec .venv/bin/gridmap demo

setup-run: ## the package and its parts, and a PostGIS if none is here
	@setup/bootstrap.sh run

setup: ## that, a browser, and what tests, lint and notebooks need
	@setup/bootstrap.sh test

test: setup ## the whole suite, against a private database of its own
	@# A file's tests stay together: what one command wrote the next one reads. Which file starts when, and how many
	@# workers there are, says tests/conftest.py.
	@$(PYTEST) -n auto --dist loadfile --no-loadscope-reorder

lint: setup ## ruff, mypy strict, and who may import whom
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@$(PYTHON_HERE) -m mypy
	@.venv/bin/lint-imports

bench: setup ## the benchmarks, in an environment of their own
	@setup/bootstrap.sh bench
	@.venv-bench/bin/python -m benchmarks

pictures: setup ## the pictures of the docs, taken of the demo
	@$(PYTHON_HERE) -m docs.pictures

prove: setup ## the slow proofs: bare machines, a million points, long simulations
	@$(PYTEST) -m prove -v

clean: ## remove what was built; the database stays
	rm -rf .venv .venv-bench .setup-stamps build *.egg-info gridmap/maps/static/vendor
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
