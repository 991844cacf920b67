# selfalign: the words a person types, and the ones continuous integration types.
#
# A first call makes its own environment (.venv) and installs into it: the CUDA build of vLLM where nvidia-smi answers,
# the CPU build elsewhere. A second call finds that nothing has changed and does nothing.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install -qq --no-compile --disable-pip-version-check

# For `make dataset` and `make push`.
RECIPE ?= recipes/default.yaml
MODEL  ?=
NAME   ?= $(basename $(notdir $(RECIPE)))
REPO   ?=
FLAGS  ?=

RUN     := outputs/$(NAME)
DATASET := $(RUN)/dataset/README.md
SOURCES := $(wildcard principles/*.yaml seeds/*.jsonl)
# What a run was asked for on this command line; touched only when that changes, so that make sees another MODEL too.
ASKED   := outputs/.$(NAME).asked
WORDS   := '$(subst ','\'',$(RECIPE) $(MODEL) $(FLAGS))'

.DELETE_ON_ERROR:
.PHONY: help install demo test check dataset push engrave miniature clean FORCE

help:  ## what can be made
	@echo "make <target>, where <target> is one of"
	@sed -n 's/^\([a-z]*\):.*##\( .*\)/  \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-12s%s\n", $$1, $$2 }'
	@echo "dataset and push take NAME= (now $(NAME)), RECIPE= ($(RECIPE)), MODEL=, REPO=, FLAGS='--target 1000 ...'"

install: $(VENV)/.installed  ## the package and the engine, into .venv

demo: $(VENV)/.installed  ## a dataset by the built-in miniature model, no GPU, no account; shows three examples
	$(BIN)/selfalign generate demo

test: $(VENV)/.tested  ## all tests, those on the real engine among them, in two processes
	$(BIN)/python -m pytest --numprocesses 2 --dist loadscope --no-loadscope-reorder

check: $(VENV)/.tested  ## the linter and the fast tests
	$(BIN)/ruff check .
	$(BIN)/python -m pytest -m "not engine and not browser"

dataset: $(DATASET)  ## outputs/NAME/dataset by RECIPE; a changed recipe begins a new run and sets the old one aside

$(DATASET): $(RECIPE) $(SOURCES) $(ASKED) | $(VENV)/.installed
	$(BIN)/selfalign generate $(RECIPE) --output $(RUN) $(if $(MODEL),--model $(MODEL)) --set-aside $(FLAGS)

$(ASKED): FORCE
	@mkdir -p $(@D); echo $(WORDS) | cmp -s - $@ || echo $(WORDS) > $@

FORCE:

push: $(VENV)/.installed  ## outputs/NAME/dataset to the Hub's REPO (user/name), private unless FLAGS=--public
	@test -n "$(REPO)" || { echo "say where: make push NAME=$(NAME) REPO=user/name" >&2; exit 2; }
	$(BIN)/selfalign push $(RUN) $(REPO) $(FLAGS)

engrave: $(VENV)/.tested  ## fine-tune the miniature on a dataset it generated, and the table that comes of it
	$(BIN)/python -m training.engrave $(FLAGS)

miniature: $(VENV)/.installed  ## make the built-in model again: corpus, tokenizer, weights (about an hour)
	$(BIN)/python -m training.make $(FLAGS)

clean:  ## caches and build leftovers; never a run, never the environment
	rm -rf build dist .pytest_cache .ruff_cache .hypothesis *.egg-info
	find . -name __pycache__ -type d -not -path "./$(VENV)/*" -not -path "./outputs/*" -prune -exec rm -rf {} +

# The engine first: what it pins is then already there for the rest.
$(VENV)/.installed: pyproject.toml selfalign/engine/install.py selfalign/engine/engine-cpu.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=...")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing into $(VENV): about a minute and a half on a CPU, longer with CUDA" >&2
	@$(BIN)/python -m selfalign.engine.install
	@$(PIP) --editable .
	@touch $@

$(VENV)/.tested: $(VENV)/.installed
	@$(PIP) --editable ".[test]"
	@touch $@
