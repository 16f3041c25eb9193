PYTHON ?= python3.11
VENV   := .venv
BIN    := $(VENV)/bin
DEMO   := build/demo

.PHONY: demo test lint setup clean

demo: setup  ## the main job on the bundled sample
	$(BIN)/navab run --config examples/sample.yaml
	$(BIN)/navab report --config examples/sample.yaml
	@echo
	@echo "Release: $(DEMO)/lake/releases/sample"
	@echo "Report:  $(DEMO)/lake/reports/report.html"

test: setup  ## all tests
	$(BIN)/python -m pytest -m "not slow"

lint: setup  ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

setup: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "navab needs Python 3.11: make PYTHON=/path/to/python3.11"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[dev]"
	touch $@

clean:
	rm -rf build $(VENV)
