# Two commands: `make demo` sets everything up and runs the pipeline on the sample web; `make test` runs the tests.
.DEFAULT_GOAL := help
.PHONY: help setup demo test test-slow fuzz audit peers lint bench notebooks package image sample docs api clean

PY := .venv/bin/python
SLIM_EXTRAS := fasttext,langdetect,extruct
LAKE ?= lake

help: ## this list
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/^([a-z-]+):.*## /\1\t/' | awk -F'\t' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: ## Java, .venv, Delta's jars (a second call takes a second)
	@sh tools/setup.sh

demo: setup ## the whole pipeline on the packaged sample web, into ./lake
	@.venv/bin/faquarry run sample --graph --lake $(LAKE) --set groups.clusters=12 --set groups.min_size=8
	@rm -rf $(LAKE)/_training/dro
	@.venv/bin/faquarry train --recipe dro --lake $(LAKE) --output $(LAKE)/_training/dro \
		--set groups.min_size=24 --set dro.every=5 --set dro.rate=0.05
	@.venv/bin/faquarry report --lake $(LAKE)

test: setup ## the tests, without the slow ones
	@$(PY) -m pytest -m "not slow and not gpu"

test-slow: setup ## the slow tests
	@$(PY) -m pytest -m "slow and not gpu"

fuzz: setup ## all that reads what strangers wrote, on ever new wrong bytes, for MINUTES of CPU (default 5; ENGINE=atheris)
	@$(PY) -m tests.fuzz --minutes $(or $(MINUTES),5) $(if $(SEED),--seed $(SEED)) $(if $(ENGINE),--engine $(ENGINE))
	@FAQUARRY_FUZZ=1 $(PY) -m pytest -x $$(grep -rl "@given" tests)

audit: setup ## known vulnerabilities of the packages in constraints.txt (pip-audit)
	@$(PY) tools/audit.py

peers: setup ## environments of the packages that read our exports, for the slow tests (.peers, 3 GB)
	@sh tools/peers.sh

lint: setup ## ruff, mypy, the arrows between the rooms
	@$(PY) -m ruff check lib jobs tests benchmarks sample tools notebooks
	@$(PY) -m ruff format --check lib jobs tests benchmarks sample tools notebooks
	@$(PY) -m mypy
	@.venv/bin/lint-imports

bench: setup ## benchmarks with ratios and floors (hours; one alone: python -m benchmarks NAME)
	@$(PY) -m benchmarks

notebooks: setup ## run the notebooks on the lake of `make demo`; copies with outputs go to build/notebooks
	@$(PY) tools/run_notebooks.py $(LAKE)

package: setup ## what a cluster needs, into dist/: wheel, packed environment, jars (docs/cluster.md)
	@sh tools/package.sh

image: ## the container image, with models and CUDA (SLIM=1: without; EXTRAS=…, BASE=… for another Debian; docker or podman)
	docker build -f docker/Dockerfile -t faquarry$(if $(SLIM),:slim) $(if $(BASE),--build-arg BASE=$(BASE)) \
		$(if $(EXTRAS)$(SLIM),--build-arg EXTRAS=$(or $(EXTRAS),$(SLIM_EXTRAS))) .

sample: setup ## pack the sample web again from its sources
	@$(PY) sample/pack.py

docs: setup ## docs/tables.md and docs/settings.md from the declarations
	@$(PY) tools/write_docs.py

api: setup ## the reference of the public packages from their docstrings, into build/api; warnings are errors
	@$(PY) tools/write_api.py build/api

clean: ## what commands leave behind; .venv stays
	rm -rf lake build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis spark-warehouse
