# make app    opens the app in a browser, on this machine only
# make test   style, imports, types and tests, as .ci/run does
# make lint   style, imports and types alone; make pytest   the tests alone, as many at once as there are cores
# make heic   adds the reading of HEIC photos (its package carries GPL code)
# make cluster   adds the screening of archives on many machines, by Ray
# make reference   writes docs/command-line.md from the argument parsers
# make docs   builds the documents and ecgcore's API as a site, site/index.html
# make screenshots   draws the README's pictures of the app anew
# make samples   draws docs/papersim.jpg anew: what the page simulator can do

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# Where nothing compiled is kept, each of the hundreds of processes that the tests start compiles all it loads, PyTorch too.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: app test pytest lint heic cluster reference docs screenshots samples browser clean

app: $(VENV)/.app
	$(BIN)/streamlit run server.py

test:
	$(MAKE) --jobs=2 lint pytest

pytest: $(VENV)/.dev browser
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -p tests.support.covered_lines --numprocesses auto --dist loadfile --no-loadscope-reorder

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo --no-cache
	$(BIN)/mypy --strict app.py server.py pages ecgcore annotations trainer

heic: $(VENV)/.app
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-heic.txt
	@echo "HEIC photos are read from now on. Start the app again."

cluster: $(VENV)/.app
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-cluster.txt
	@echo "Archives can be screened now: python -m ecgcore screen FOLDER --ray auto --out DIR"

reference: $(VENV)/.app
	$(BIN)/python -m docs.generate_command_line

docs: $(VENV)/.dev
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet --strict

screenshots: $(VENV)/.dev browser
	$(BIN)/python -m docs.draw_screenshots

samples: $(VENV)/.app
	$(BIN)/python -m docs.draw_sample_pages

# The stamps make a second run start at once; a changed requirements file installs again. Python compiles what it loads:
# to compile all 17 000 files of the packages takes a minute and more.
$(VENV)/.app: requirements.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.dev: requirements.txt requirements-heic.txt requirements-cluster.txt requirements-docs.txt requirements-dev.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check -r requirements-dev.txt
	@touch $@ $(VENV)/.app

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed. Name one: make app PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
		{ rm -rf $(VENV); echo "Python has no venv module. Install it: sudo apt-get install python3-venv"; exit 1; }
	@echo "Installing the packages: about 5 GB, some minutes, once."

# The browser test drives a real Chromium, which comes from the system's packages.
browser:
	@for name in chromium chromium-browser google-chrome; do command -v $$name >/dev/null && exit 0; done; \
	as_root=""; test "$$(id -u)" = 0 || as_root=sudo; \
	echo "Installing Chromium for the browser test."; \
	{ $$as_root apt-get update -qq && $$as_root apt-get install -qq -y --no-install-recommends chromium; } || \
		{ echo "Chromium could not be installed. Put chromium or google-chrome on the PATH and try again."; exit 1; }

clean:
	rm -rf $(VENV) site .pytest_cache .mypy_cache .ruff_cache .hypothesis
