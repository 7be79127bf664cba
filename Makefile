# Two commands matter: `make lab` opens the quickstart, `make test` checks everything that ships.
# Both make the environment that they need, in .venv and js/node_modules, and keep it.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help lab test check lint audit front-end build docs bench dist clean node chromium

PYTHON ?= python3
LAB_ARGS ?=
BIN := .venv/bin
BUNDLE := scalewidgets/static/lab.js
# Folders too: their time changes when a file goes away.
SOURCES := pyproject.toml $(wildcard README.md CHANGELOG.md LICENSE) \
  $(shell find scalewidgets -not -path '*/__pycache__*')
AS_ROOT := $(filter 0,$(shell id -u))
APT := export DEBIAN_FRONTEND=noninteractive; apt-get -qqy -o DPkg::Lock::Timeout=300

help:
	@echo 'make lab     open notebooks/00_quickstart.ipynb in JupyterLab (LAB_ARGS=... is passed on)'
	@echo 'make test    build the wheel, install it, and run every test against it'
	@echo 'make check   the quick tests, on the source tree and without a browser'
	@echo 'make build   bundle js/src into scalewidgets/static'
	@echo 'make docs    the site, in build/docs/html'
	@echo 'make bench   the benchmarks: the kernel, and drag to paint in JupyterLab'
	@echo 'make dist    wheel and source archive in dist/, tried with every Python at hand'
	@echo 'make clean   remove all that was made, the environment included'

# The built front end is committed: only who changes its sources needs Node.
lab:
	@if command -v npm >/dev/null && \
	  [ -n "$$(find js/src js/build.mjs js/package-lock.json -newer $(BUNDLE))" ]; then \
	  $(MAKE) build; fi
	@$(MAKE) .venv/.lab
	$(BIN)/jupyter lab $(if $(AS_ROOT),--allow-root) $(LAB_ARGS) notebooks/00_quickstart.ipynb

# Tests use the real runs where they are at hand; the notebooks' outputs are those of a reader
# who has neither them nor a network, hence the empty folder.
ifneq ($(wildcard ../shared/data),)
test check bench: export SCALEWIDGETS_DATA ?= $(abspath ../shared/data)
endif
test: export SCALEWIDGETS_TEST_WHEEL = 1
test: lint front-end docs chromium
	mkdir -p build/no-data
	TQDM_DISABLE=1 SCALEWIDGETS_DATA=$(abspath build/no-data) $(BIN)/pytest -v --nbval --nbval-current-env \
	  $(addprefix --nbval-sanitize-with ,$(wildcard notebooks/sanitize.cfg)) notebooks
	$(BIN)/pytest -p no:nbval -n auto tests --ignore tests/browser
	$(BIN)/pytest -p no:nbval -v -n 2 --dist worksteal tests/browser

# PYTHONPATH puts the source tree before the installed wheel. nbval takes seconds to load.
check: lint audit front-end
	PYTHONPATH=$(CURDIR) $(BIN)/pytest -p no:nbval -n auto -m 'not slow' tests/python

lint: .venv/.test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

audit: .venv/.dist
	$(BIN)/python tests/release/audit.py

front-end: js/node_modules/.ready
	cd js && npm run --silent check && npm run --silent test

build: js/node_modules/.ready
	cd js && npm run --silent build

# Read anew is what has changed; all is written anew, because every page bears the list of pages.
docs: .venv/.test
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going --write-all --jobs auto \
	  -d build/docs/doctrees docs build/docs/html

bench: .venv/.bench chromium
	$(BIN)/pytest -v -rs benchmarks --benchmark-only --benchmark-columns median,iqr,rounds
	$(BIN)/python -m benchmarks.browser

dist: .venv/.dist
	$(BIN)/twine check --strict dist/*.whl dist/*.tar.gz
	$(BIN)/python tests/release/environments.py

clean:
	rm -rf .venv js/node_modules dist build docs/generated screenshots

# What the above need. A stamp file stands for a step that was done, and its time says when.

.venv/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	  { echo 'Python 3.10 or newer is needed: make PYTHON=python3.12 ...'; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || \
	  $(if $(AS_ROOT),{ $(APT) update; $(APT) install python3-venv; },\
	    { echo 'Python lacks its venv module: sudo apt-get install python3-venv'; exit 1; })
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet build
	touch $@

# The wheel is made from the source archive, so that both are known to be whole.
dist/.built: $(SOURCES) | .venv/.made
	rm -rf dist
	mkdir -p build
	$(BIN)/python -m build --outdir dist >build/wheel.log || { cat build/wheel.log; exit 1; }
	touch $@

.venv/.lab: EXTRAS := lab
.venv/.test: EXTRAS := lab,test,docs
.venv/.bench: EXTRAS := lab,test,docs,bench
.venv/.dist: EXTRAS := dist
.venv/.lab .venv/.test .venv/.bench .venv/.dist: dist/.built
	$(BIN)/pip install --quiet --force-reinstall --no-deps dist/*.whl
	$(BIN)/pip install --quiet "$$(echo dist/*.whl)[$(EXTRAS)]"
	touch $@

js/node_modules/.ready: js/package.json js/package-lock.json | node
	cd js && npm ci --no-audit --no-fund
	touch $@

node:
	@node -e 'const [a, b] = process.versions.node.split("."); process.exit(+(a < 20 || (a == 20 && b < 19)))' \
	  && command -v npm >/dev/null || { echo 'Node 20.19 or newer, with npm, is needed.'; exit 1; }

chromium:
	@command -v chromium chromium-browser google-chrome >/dev/null || \
	  $(if $(AS_ROOT),{ $(APT) update; $(APT) install --no-install-recommends chromium fonts-dejavu-core; },\
	    { echo 'The browser tests need Chromium: sudo apt-get install chromium'; exit 1; })
