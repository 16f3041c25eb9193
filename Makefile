PYTHON ?= python3.11
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable
DEMO   := build/demo/lake

.PHONY: demo test lint clean

demo: $(VENV)/.base  ## the main job on the bundled sample
	$(BIN)/navab run --config examples/sample.yaml
	$(BIN)/navab report --config examples/sample.yaml
	@echo
	@echo "Release: $(DEMO)/releases/sample"
	@echo "Report:  $(DEMO)/reports/report.html"

test: $(VENV)/.dev  ## all tests that take less than minutes each
	$(BIN)/python -m pytest -m "not slow"

lint: $(VENV)/.dev  ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

$(VENV)/.created:
	@command -v $(PYTHON) >/dev/null || { echo "navab needs Python 3.11: make PYTHON=/path/to/python3.11"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.base: pyproject.toml constraints.txt | $(VENV)/.created
	$(PIP) .
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(VENV)/.created
	$(PIP) ".[dev]"
	@touch $@ $(VENV)/.base

clean:
	rm -rf build $(VENV)
