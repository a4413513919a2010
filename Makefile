# The two main commands: `make app` and `make test`.
PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8501
BIN := .venv/bin
# The host names under which the app answers on the network: a forged one must not get a session.
NAMES ?= $(if $(filter-out 127.0.0.1 localhost,$(HOST)),$(shell hostname 2>/dev/null) $(shell hostname -I 2>/dev/null))

.PHONY: app test proofs test-lowest check check-javascript gallery lock audit clean

app: .venv/installed
	$(if $(strip $(NAMES)),STREAMLIT_SERVER_ALLOWED_HOSTS="localhost 127.0.0.1 $(strip $(NAMES))") \
		$(BIN)/streamlit run streamlit_app.py --server.address $(HOST) --server.port $(PORT)

# Two processes, a file of tests in one of them, the slowest first (tests/conftest.py names them); one thread each. What
# Python compiles is kept, even where the environment says otherwise: dozens of processes import the same modules.
TESTS := PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder
test: .venv/installed-dev
	$(TESTS) -m "not proof"

# What takes long: the benchmarks in short, nodes of a cluster that die, every crash. `pytest` alone runs both.
proofs: .venv/installed-dev
	$(TESTS) -m proof

# The oldest releases that requirements.txt allows, with the newest of what they need, in an environment of their own.
test-lowest: .venv/installed-dev
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python .venv-lowest
	$(BIN)/uv pip compile --quiet --python .venv-lowest --resolution lowest-direct requirements.txt -o .venv-lowest/lowest.txt
	$(BIN)/uv pip install --quiet --python .venv-lowest -r .venv-lowest/lowest.txt \
		$(shell grep -oE '^(hypothesis|playwright|pytest|pytest-timeout|pytest-xdist)==[^ ]+' requirements-dev.lock)
	OMP_NUM_THREADS=1 .venv-lowest/bin/python -m pytest -n 2 --dist loadfile tests/unit tests/app

check: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	@$(MAKE) --no-print-directory check-javascript

# Type-checks the browser scripts if node is installed; nothing needs node at run time.
check-javascript:
	@if ! command -v node >/dev/null || ! command -v npm >/dev/null; then \
		echo "node is not installed: JavaScript was not type-checked"; \
	elif [ -x node_modules/.bin/tsc ] && [ ! package-lock.json -nt node_modules/.package-lock.json ] \
		|| { npm ci --silent --no-audit --no-fund && touch node_modules/.package-lock.json; }; then \
		node_modules/.bin/tsc && echo "tsc: no errors"; \
	elif npm ping >/dev/null 2>&1; then \
		echo "npm ci failed: run it to see why" >&2; exit 1; \
	else \
		echo "npm cannot reach its registry: JavaScript was not type-checked"; \
	fi

# Trains the shipped runs that are missing.
gallery: .venv/installed
	$(BIN)/python -m aecore gallery

# Renews the locks: the newest releases that the requirements allow, for Python 3.11 and later on every system. The index
# that was asked is not written down: whoever installs uses their own, and the hashes hold for any.
LOCK := UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-annotate
lock: .venv/installed-dev
	$(LOCK) requirements.txt -o requirements.lock
	$(LOCK) requirements-dev.txt -c requirements.lock -o requirements-dev.lock

# Known vulnerabilities of everything locked; without an answer of the package index it says so and passes.
audit: .venv/installed-dev
	@$(BIN)/python -m tools.audit requirements-dev.lock

clean:
	rm -rf .venv .venv-lowest node_modules .pytest_cache .ruff_cache .hypothesis

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; point PYTHON at one: make app PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv .venv

# Stamp files make later starts instant: pip runs again only when a lock changes. Only what is locked is installed, and
# only files with the hashes in the lock. Builds of torch from another index (CPU only, ROCm) are other files: install
# requirements.txt by hand for those, as the Dockerfile does for the CPU.
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes

.venv/installed: requirements.lock | .venv/bin/python
	@echo "Installing requirements.lock (PyTorch is large; this happens once)"
	$(INSTALL) -r requirements.lock
	@touch $@

.venv/installed-dev: requirements-dev.lock .venv/installed
	$(INSTALL) -r requirements-dev.lock
	@touch $@
