# The two main commands: `make app` and `make test`.
PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8501
BIN := .venv/bin
# The host names under which the app answers on the network: a forged one must not get a session.
NAMES ?= $(if $(filter-out 127.0.0.1 localhost,$(HOST)),$(shell hostname 2>/dev/null) $(shell hostname -I 2>/dev/null))

.PHONY: app test check check-javascript gallery clean

app: .venv/installed
	$(if $(strip $(NAMES)),STREAMLIT_SERVER_ALLOWED_HOSTS="localhost 127.0.0.1 $(strip $(NAMES))") \
		$(BIN)/streamlit run streamlit_app.py --server.address $(HOST) --server.port $(PORT)

# Two processes, a file of tests in one of them, the slowest first (tests/conftest.py names them); one thread each.
test: .venv/installed-dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

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

clean:
	rm -rf .venv node_modules .pytest_cache .ruff_cache .hypothesis

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; point PYTHON at one: make app PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv .venv

# Stamp files make later starts instant: pip runs again only when the requirements change.
.venv/installed: requirements.txt | .venv/bin/python
	@echo "Installing requirements.txt (PyTorch is large; this happens once)"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

.venv/installed-dev: requirements-dev.txt requirements-cluster.txt .venv/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@
