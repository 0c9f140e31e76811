# Two commands: `make demo` reads radiographs and leaves a page to look at, `make test` passes the tests.
#   make demo                              synthetic hands
#   make demo FILE=hand.dcm SEX=female     your own film
#   make test                              the runtime's tests; those that need an extra or a server skip and say so
#   make debian test EXTRAS=train,serve,batch,openvino,release    all tests, with their servers, browser and validators from Debian's packages
#   make docs, make release                the manual as a site; what is given away
PYTHON ?= python3
EXTRAS ?=
FILE ?=
SEX ?=
comma := ,
EMPTY :=
SPACE := $(EMPTY) $(EMPTY)
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test lint check clean debian docs release

demo: $(VENV)/.runtime
	$(BIN)/boneage demo $(if $(FILE),"$(FILE)") $(if $(SEX),--sex $(SEX)) --out demo-out

test: $(VENV)/.dev $(foreach extra,$(subst $(comma),$(SPACE),$(EXTRAS)),$(VENV)/.extra-$(extra))
	$(BIN)/python -m pytest -n auto

# what the tests drive for real: a PACS, DICOM validators, a browser, PostgreSQL; needs root
debian:
	apt-get update -qq
	apt-get install -qq -y --no-install-recommends $$(grep -v '^#' tests/debian-packages.txt) > /dev/null

lint: $(VENV)/.dev $(VENV)/.extra-train $(VENV)/.extra-serve
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# the manual, a site of plain files: build/manual/site/index.html. Every link of it is followed
docs: $(VENV)/.runtime $(VENV)/.extra-docs
	$(BIN)/python tools/manual.py

# wheel, sdist, SBOM and checksums into dist/, each checked (docs/release.md)
release: $(VENV)/.runtime $(VENV)/.extra-release
	$(BIN)/python tools/release.py

# everything that CI runs
check: lint docs
	$(MAKE) test EXTRAS=train,serve,batch,openvino,release

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	@touch $@

$(VENV)/.extra-%: $(VENV)/.runtime
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[$*]"
	@touch $@

clean:
	rm -rf demo-out .pytest_cache .ruff_cache .mypy_cache .hypothesis
