# make run   the results on the embedded data, from an empty machine
# make test  all tests, lint and types
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --require-virtualenv
export PIP_ROOT_USER_ACTION := ignore

.PHONY: run test lock clean
run: .venv/run.stamp
	@$(BIN)/changping-geo run

test: .venv/test.stamp
	@$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

.venv/run.stamp: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
	  { echo "Python 3.11, 3.12 or 3.13 is needed; name one: make PYTHON=python3.12 run" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || \
	  { echo "this Python cannot make environments; install its venv package (Debian: python3-venv)" >&2; exit 1; }
	@echo "installing the locked libraries into .venv (once) …"
	@$(PIP) --require-hashes --no-deps -r requirements.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

.venv/test.stamp: .venv/run.stamp requirements-test.txt
	@$(PIP) --require-hashes --no-deps -r requirements-test.txt
	@touch $@

# The locks are one resolution for every supported Python; both files come from it (needs uv).
LOCK := uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header --quiet
lock:
	$(LOCK) --group build --group test --output-file requirements-test.txt
	$(LOCK) --group build --constraint requirements-test.txt --output-file requirements.txt

clean:
	rm -rf .venv .cache results
