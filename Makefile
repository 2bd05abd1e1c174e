# Every target installs what it needs first: nothing but Python 3.11 and make is assumed.
.DEFAULT_GOAL := help
VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.installed
DRAWN := $(VENV)/.assets
PAGES := $(shell find src/doorlist/web src/entrasim/portal -name '*.html' -o -name '*.py' 2>/dev/null)

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## */  make \1\t/' | expand -t 24

$(STAMP): requirements/lock.txt pyproject.toml scripts/install.sh
	@sh scripts/install.sh $(VENV)
	@touch $(STAMP)

$(DRAWN): $(STAMP) assets/package-lock.json scripts/assets.py $(PAGES)
	@$(PY) scripts/assets.py
	@touch $(DRAWN)

install: $(STAMP) $(DRAWN) ## prepare .venv with the commands doorlist and entrasim

check: install ## lint, types, import contracts
	$(VENV)/bin/ruff format --check src tests bench scripts
	$(VENV)/bin/ruff check src tests bench scripts
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

browser: install ## Chromium and xmlsec1, which the tests drive, where they are missing
	@sh scripts/browser.sh

test: check browser ## the whole test suite, checks first
	$(VENV)/bin/pytest -n logical --maxprocesses 4 --dist loadfile

walkthrough: install ## the acceptance list of the seed page, over HTTP, then stop
	$(VENV)/bin/doorlist walkthrough

demo: install ## a sample company goes through the main job; both servers stay up
	$(VENV)/bin/doorlist demo

$(VENV)/.bench: $(STAMP)
	@$(VENV)/bin/uv pip install --quiet --python $(PY) --group bench
	@touch $@

bench: install $(VENV)/.bench ## minutes: ratios against references of the same run, tables and pictures in results/
	$(PY) -m bench

bench-full: install $(VENV)/.bench ## an hour: the same at the real sizes
	$(PY) -m bench --full

picture: install ## draw the walkthrough as it runs here: docs/images/walkthrough.svg
	$(PY) scripts/picture.py

entrasim: install ## build the stand-in as a wheel of its own: packaging/entrasim/dist
	cd packaging/entrasim && $(CURDIR)/$(VENV)/bin/hatchling build -t wheel

gallery: install browser ## take the pictures of docs/gallery.md anew
	PICTURES=1 $(VENV)/bin/pytest -q tests/browser

lock: install ## resolve the newest versions allowed by pyproject.toml into the lock file
	$(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --group dev pyproject.toml -o requirements/lock.txt

.PHONY: help install check browser test walkthrough demo bench bench-full picture gallery entrasim lock
