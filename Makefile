# Two commands: `make demo` reads radiographs and leaves a page to look at, `make test` passes the tests.
#   make demo                              synthetic hands
#   make demo FILE=hand.dcm SEX=female     your own film
#   make test                              the runtime's tests; those that need the training extra skip and say so
#   make test EXTRAS=train                 all tests
PYTHON ?= python3
EXTRAS ?=
FILE ?=
SEX ?=
comma := ,
EMPTY :=
SPACE := $(EMPTY) $(EMPTY)
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test lint check clean

demo: $(VENV)/.runtime
	$(BIN)/boneage demo $(if $(FILE),"$(FILE)") $(if $(SEX),--sex $(SEX)) --out demo-out

test: $(VENV)/.dev $(foreach extra,$(subst $(comma),$(SPACE),$(EXTRAS)),$(VENV)/.extra-$(extra))
	$(BIN)/python -m pytest

lint: $(VENV)/.dev $(VENV)/.extra-train
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# everything that CI runs
check: lint
	$(MAKE) test EXTRAS=train

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
