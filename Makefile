# One environment in .venv, made from constraints.txt and reused while nothing that defines it has changed.
PYTHON ?= python3
BIN := .venv/bin
PLUGINS := nlp vision speech detection
PROJECTS := pyproject.toml $(PLUGINS:%=plugins/zoo-%/pyproject.toml)
STAMP := .venv/.installed
EDITABLE := -e '.[finetune,onnx,publish,video]' $(PLUGINS:%=-e plugins/zoo-%)

.PHONY: demo test lint fix docs bench registry install constraints clean

demo: $(STAMP)
	@$(BIN)/python tools/demo.py

test: $(STAMP)
	@# Tests start the zoo some hundreds of times: it is compiled once.
	@$(BIN)/python -m compileall -q -j 2 zoo plugins
	@# One thread for each of two workers: threads that wait for each other on shared cores cost far more than they bring.
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python tools/check_templates.py

fix: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(STAMP)
	$(BIN)/python tools/reference.py

bench: $(STAMP)
	@for script in benchmarks/[a-z]*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

registry: $(STAMP)
	$(BIN)/python tools/build_registry.py registry.db

install: $(STAMP)

$(STAMP): constraints.txt requirements-dev.txt $(PROJECTS)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "zoo needs Python 3.11 or newer; set PYTHON=")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Setting up .venv (once; about 6 GB with torch and its CUDA libraries) ..." >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt uv
	@$(BIN)/python tools/install.py -c constraints.txt -r requirements-dev.txt $(EDITABLE)
	@touch $(STAMP)

constraints: ## pin the newest versions that fit together
	@test -x $(BIN)/uv || ($(PYTHON) -m venv .venv && $(BIN)/python -m pip install --quiet uv)
	$(BIN)/python tools/install.py --compile

clean:
	rm -rf .venv .demo .zoo-test build dist
