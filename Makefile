# make demo    the main job on real input: scan a capture that ships with licet, and write its report
# make serve   a registry of invented services, to look around in: http://127.0.0.1:8000 (PORT=8080 for another port)
# make test    everything that this machine can test; says what it leaves out, and why
# make bench   licet beside other readers of captures, on large traces that it makes (options below)
# make attack  somebody with a stolen server tries everything on an enforcer, and somebody with a stolen enforcer on a
#              registry; what each try was stopped by
# make check   style, types and the rules of the house
# make wheel   one wheel for Python 3.11 and later; scans and serves on each version that is installed
# make fuzz    mutated captures through the sanitised kernel and its plain twin: make fuzz SECONDS=60
# make lock    resolve the lock files anew (needs uv)

VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo serve test bench attack check lock clean wheel fuzz

demo: $(VENV)/run.stamp
	@$(BIN)/licet demo

# The lock file of developers has the service's packages; a folder of its own keeps what was made from the next run.
serve: $(VENV)/dev.stamp
	@mkdir -p licet-demo && cd licet-demo && ../$(BIN)/licet serve --demo --port $(or $(PORT),8000)

test: $(VENV)/dev.stamp
	@sh examples/lab/install.sh
	$(BIN)/python -m pytest -n 2 --dist loadgroup

# PACKETS=200000 SNAP_PACKETS=400000 for a small run; PAIRS: rounds; DATE: for the page; CORPUS: folders of real captures;
# ALSO: pcap files; NFSTREAM: a Python that has it.
bench: $(VENV)/dev.stamp
	@$(BIN)/python -m bench.run --date $(or $(DATE),$(shell date -u +%F)) $(if $(PACKETS),--packets $(PACKETS)) \
	    $(if $(SNAP_PACKETS),--snap-packets $(SNAP_PACKETS)) $(if $(PAIRS),--pairs $(PAIRS)) \
	    $(if $(CORPUS),--corpus $(CORPUS)) $(if $(ALSO),--also $(ALSO)) $(if $(NFSTREAM),--nfstream $(NFSTREAM))

attack: $(VENV)/dev.stamp
	@PYTHONPATH=tests $(BIN)/python -m enforce.attacks
	@PYTHONPATH=tests $(BIN)/python -m server.orders.report_attacks

check: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/house

$(VENV)/run.stamp: requirements.lock pyproject.toml
	@sh tools/make-venv.sh requirements.lock
	@touch $@

$(VENV)/dev.stamp: requirements-dev.lock pyproject.toml
	@sh tools/make-venv.sh requirements-dev.lock
	@touch $@ $(VENV)/run.stamp

wheel: $(VENV)/dev.stamp
	rm -rf dist build/lib* build/bdist*
	$(BIN)/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .
	@sh tools/try-wheel.sh dist/*.whl

fuzz: $(VENV)/dev.stamp
	@sh fuzz/run.sh $(or $(SECONDS),60)

lock:
	uv pip compile pyproject.toml --group lock --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --custom-compile-command "make lock" --quiet --output-file requirements.lock
	uv pip compile pyproject.toml --group dev --all-extras --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --custom-compile-command "make lock" --quiet --output-file requirements-dev.lock

clean:
	rm -rf $(VENV) build dist src/*.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis licet-demo
