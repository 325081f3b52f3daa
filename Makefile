# Set-up, checks and the site. `make verify` and `make test` need nothing but make and Python.
#   make verify ARGS="--stage arithmetic"      pass arguments on
#   make test ARGS="-k lora"
#   make verify PYTHON=python3.13              build the environment with another Python

PYTHON ?= python3
ARGS ?=
PORT ?= 8000
VENV := .venv
PY := $(VENV)/bin/python
CFF := $(VENV)/cff
EVERYTHING := .[test,docs]

# An environment is ready when its stamp bears the checksum of what it was built from and
# its Python still starts from this directory; anything else is brought up to date or rebuilt.
KEY := $(shell cat pyproject.toml constraints.txt .ci/cffconvert.txt | cksum | tr ' ' -)
ALIVE := $(shell $(PY) -c 'import pip, sys; print(sys.prefix)' 2>/dev/null)
ifneq ($(ALIVE),$(CURDIR)/$(VENV))
BROKEN := broken
endif
RUN := $(VENV)/ready-run-$(KEY)
DEV := $(VENV)/ready-dev-$(KEY)

CHROMIUM := $(shell for name in chromium chromium-browser google-chrome; do command -v $$name && break; done)
PDFLATEX := $(shell command -v pdflatex)
INSTALL = $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

.PHONY: help verify test lint docs serve system-packages clean broken

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 18

verify: $(RUN) ## set up, then check every claim of the built-in study
	@$(PY) -m paper_repro verify $(ARGS)

test: $(DEV) lint ## set up, then lint, types, and every test
	@$(if $(CHROMIUM),echo "browser tests: with $(CHROMIUM)",$(no_browser))
	PAPER_REPRO_CHROMIUM="$(CHROMIUM)" OMP_NUM_THREADS=1 $(PY) -m pytest -n 2 --dist loadfile $(ARGS)
	@$(if $(CHROMIUM),true,$(no_browser))

define no_browser
printf '%s\n' '' '!!! NOT CHECKED: the site in a browser. No chromium, chromium-browser or google-chrome' \
  '!!! was found. To check it: make system-packages test' ''
endef

lint: $(DEV) ## ruff, its formatter, and mypy --strict
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

docs: $(DEV) ## build the site, strictly, into build/site
	$(PY) -m paper_repro.site build $(ARGS)

serve: docs ## build the site and serve it on http://127.0.0.1:8000 (PORT=…)
	$(PY) -m http.server --bind 127.0.0.1 --directory build/site $(PORT)

system-packages: ## install chromium and LaTeX with apt-get where they are not found
ifneq ($(CHROMIUM),)
	@echo "system packages: $(CHROMIUM) is here"
else
	@command -v apt-get >/dev/null || { echo "No apt-get here: install chromium by hand to test the site in a browser."; exit 1; }
	$(SUDO) apt-get update -qq
	$(INSTALL) chromium
endif
ifneq ($(PDFLATEX),)
	@echo "system packages: $(PDFLATEX) is here"
else
	@{ $(SUDO) apt-get update -qq && $(INSTALL) texlive-latex-base; } || \
	echo '!!! NOT CHECKED will be: whether LaTeX compiles. To check it: install texlive-latex-base'
endif

clean: ## remove the environment and everything that was built
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

# $(call install,what): into a sound environment, made anew where there is none or it is half made
define install
@if [ -n "$(BROKEN)" ] || ! ls $(VENV)/ready-* >/dev/null 2>&1; then $(make_venv); fi
@echo "installing $(1); the first time takes some minutes"
@find $(VENV) -maxdepth 1 -name 'ready-*' ! -name '*-$(KEY)' -delete
@$(PY) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '$(1)'
endef

define make_venv
$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
  || { echo "paper_repro needs Python 3.11 or newer as '$(PYTHON)'. Say which: make PYTHON=python3.13"; exit 1; }; \
rm -rf $(VENV); \
$(PYTHON) -m venv $(VENV) \
  || { rm -rf $(VENV); echo "'$(PYTHON) -m venv' does not work here. On Debian and Ubuntu: sudo apt-get install python3-venv"; exit 1; }
endef

$(RUN): $(BROKEN)
	$(call install,.)
	@touch $@

$(DEV): $(BROKEN)
	$(call install,$(EVERYTHING))
	@rm -rf $(CFF) && $(PYTHON) -m venv $(CFF)
	@$(CFF)/bin/python -m pip install --quiet --disable-pip-version-check -r .ci/cffconvert.txt
	@touch $(RUN) $@

broken:
