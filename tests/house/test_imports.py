"""The floor plan as import rules: data flows one way, and what was seen never leads to what is done.

Read from the source, without running it. A rule that the code breaks today stands in a list of debts with its reason;
a debt that was paid must leave the list.
"""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from house.source import ROOT, Module, calls, code_lines, modules

ROOMS = (
    "capture", "enforce", "flow", "judge", "lifecycle", "model", "order", "proof", "recognise", "snapshot", "tlog",
    "tuf", "wire",
)  # fmt: skip

# Which rooms a room may import, besides itself. Rooms do not call each other sideways: they exchange nouns of model/.
MAY_IMPORT: dict[str, frozenset[str]] = {
    "errors": frozenset(),
    "disk": frozenset(),
    "model": frozenset({"errors"}),
    "wire": frozenset({"errors"}),
    "capture": frozenset({"errors"}),
    "flow": frozenset({"errors", "model", "wire"}),
    "recognise": frozenset({"model"}),
    "snapshot": frozenset({"disk", "errors", "model"}),
    "judge": frozenset({"model"}),
    "proof": frozenset({"errors", "model"}),
    "lifecycle": frozenset({"errors", "model"}),
    "order": frozenset({"errors", "lifecycle", "model"}),
    "tlog": frozenset({"disk", "errors", "model"}),
    "tuf": frozenset({"disk", "errors", "model"}),
    "enforce": frozenset({"errors", "lifecycle", "model", "order", "tlog"}),  # what it acts on, it verifies itself
    "app": frozenset({"disk", "errors", *ROOMS}),
    "cli": frozenset({"app", "errors", "model"}),
    "server": frozenset({"app", "errors", "lifecycle", "model", "order", "snapshot", "tlog", "tuf"}),
    "__main__": frozenset({"cli"}),
    "": frozenset({"app", "errors", *ROOMS}),  # licet/__init__.py: the library's face
}

# (module, room): faces that reach past app/ into a room, and why. This list may only shrink.
SIDEWAYS_DEBTS = {
    ("licet.cli.explain", "capture"): "asks how many bytes there are to read",
    ("licet.cli.scan", "capture"): "asks how many bytes there are to read",
    ("licet.cli.lookup", "snapshot"): "loads the registries itself",
    ("licet.cli.snapshot", "snapshot"): "`snapshot show` has no use case in app/",
    ("licet.cli.snapshot", "judge"): "borrows the judge's way to print a record",
    ("licet.cli.registry", "snapshot"): "names the type of what app/ hands it",
    ("licet.cli.triage", "snapshot"): "makes an empty registry to judge by",
    ("licet.cli.triage", "judge"): "makes an empty registry to judge by",
}

# The one module of a room that a face may call, because no use case of the command line stands between them.
DOORS = {
    ("licet.cli.serve", "licet.server.start"): "starts the registry service",
    ("licet.cli.backup", "licet.server.start"): "backs it up and restores it",
    ("licet.cli.report", "licet.server.start"): "counts what it did",
}

# Below app/ these files alone may touch the machine, and this is what each is for.
TOUCHES_THE_MACHINE = {
    "licet.disk": "writes what must outlive a loss of power, for the stores of tlog and tuf",
    "licet.capture.open": "opens captures and standard input",
    "licet.capture.afpacket": "opens the ring of an interface",
    "licet.snapshot.store": "reads and replaces registry files",
    "licet.proof.names": "asks name servers about names that a registrant named",
    "licet.snapshot.index_store": "maps and writes the index of a large snapshot, and reads its text",
    "licet.proof.guard": "connects to the endpoint whose registrant asked for a check",
    "licet.proof.http_fetch": "reads one answer from a socket that the guard connected",
    "licet.proof.deadline": "asks how long an exchange has taken",
    "licet.proof.call": "calls the registry that the registrant named",
    "licet.enforce.apply": "hands a firewall its rules, and reads what it holds",
    "licet.tlog.store": "reads and writes the folder of a log",
    "licet.tlog.fetch": "reads a log where its user says it is, and asks the witnesses that its operator named",
    "licet.tuf.store": "reads and writes the folder of signed snapshots",
    "licet.tuf.fetch": "reads signed snapshots where its user says they are",
    "licet.tuf.client": "keeps what was verified of them, and what was not read to its end",
}
MACHINE_MODULES = frozenset({
    "asyncio", "ctypes", "dns", "fcntl", "glob", "http", "importlib", "io", "logging", "mmap", "multiprocessing", "os",
    "pathlib", "random", "secrets", "select", "selectors", "shutil", "signal", "socket", "socketserver", "ssl", "stat",
    "subprocess", "sys", "tempfile", "threading", "time", "urllib", "uuid", "warnings",
})
MACHINE_CALLS = frozenset({
    "open", "print", "input", "exec", "eval", "compile", "__import__", "breakpoint", "datetime.now", "datetime.utcnow",
    "datetime.today", "date.today", "datetime.datetime.now", "datetime.date.today",
})

# The clock is asked by these files alone: to time a run, to draw a bar, for an option's default, to end windows, and to
# say what is over.
ASKS_THE_CLOCK = {
    "licet.app.scan", "licet.app.watch.loop", "licet.app.watch.run", "licet.app.report.progress",
    "licet.app.enforce.service", "licet.app.enforce.switch",  # when it was switched off
    "licet.app.registry_edit", "licet.app.proof", "licet.app.order.clock",
    "licet.app.published.compare", "licet.cli.lookup",
    "licet.cli.snapshot", "licet.cli.keys", "licet.cli.options",  # a list of keys has an end, a registry may be stale
    "licet.proof.deadline", "licet.server.clock",
    "licet.server.diagnostics", "licet.server.metrics", "licet.server.start",  # how long requests take, and starting
}

# Chance is drawn by these files alone: a check's token, its one-time keys and its message numbers, and the registry's
# tokens and handles and the keys of log and snapshots must be ones that nobody can guess.
DRAWS = {"licet.app.log_key", "licet.app.proof", "licet.app.tuf_keys", "licet.server.chance"}

# Libraries that are not Python's own, and where each may be imported.
LIBRARIES = {
    "click": ("licet.cli",),
    "rich": ("licet.app.report.progress", "licet.app.report.live"),
    "duckdb": ("licet.app.enforce.windows", "licet.app.report.parquet", "licet.app.order.rows"),
    "jinja2": ("licet.app.report.html",),
    "markupsafe": ("licet.app.report.html",),
    "tomlkit": ("licet.app.registry_edit",),
    "zstandard": ("licet.capture.open",),
    "numpy": ("licet.snapshot.join",),
    "dns": ("licet.proof.names",),
    "cryptography": ("licet.order.sshsig", "licet.proof.noise", "licet.tlog.note", "licet.tlog.signer",
                     "licet.tuf.signer"),
    "securesystemslib": ("licet.tuf",),
    "tuf": ("licet.tuf",),
    "django": ("licet.server",),
    "allauth": ("licet.server",),
    "csp": ("licet.server.settings", "licet.server.start"),
    "granian": ("licet.server.start",),
    "prometheus_client": ("licet.server.metrics", "licet.server.start"),
    "structlog": ("licet.server.diagnostics", "licet.server.start"),
    "whitenoise": ("licet.server.start",),
    "_typeshed": ("licet",),  # types alone; it does not exist when a program runs
}

LIGHT = frozenset({"gc", "__future__", "click", "collections", "os", "pathlib", "re", "sys", "typing"})
HEAVY = (
    "allauth", "cryptography", "django", "dns", "duckdb", "granian", "http", "jinja2", "rich", "ssl", "tomlkit",
    "securesystemslib", "tuf", "urllib3", "zstandard", "licet.app", "licet.enforce", "licet.flow", "licet.order",
    "licet.proof", "licet.recognise", "licet.server", "licet.snapshot", "licet.tlog", "licet.tuf",
)  # fmt: skip

SEEING = ("licet.capture", "licet.wire", "licet.flow", "licet.recognise", "licet.judge", "licet.model")
# Nouns of acting: nothing that sees, and no other noun, may import them.
NOUNS_OF_ACTING = ("licet.model.order", "licet.model.policy", "licet.model.enforcer_report")
CONTACTING = (
    "licet.proof.guard", "licet.proof.http_fetch", "licet.proof.names", "licet.proof.call", "licet.tlog.fetch",
    "licet.tlog.witness", "licet.tuf.fetch", "licet.tuf.client",
)
# Who may reach them from outside: a registrant's checks, a reader of a log, an enforcer that reads one and tells its
# registry what it did, the registry that asks its witnesses, and who keeps a copy of a registry.
MAY_CONTACT = ("licet.app.proof", "licet.app.log", "licet.app.enforce.hearing", "licet.app.confirm.send",
               "licet.app.published.compare", "licet.app.published.logged_snapshot", "licet.server.log_writing",
               "licet.app.snapshot_sync")
ACTING = frozenset({"order", "orders", "enforce", "apply", "sign", "signing", "firewall", "block"})

BY_NAME = {module.name: module for module in modules()}


def room_of(name: str) -> str:
    """The room of a module's name; `licet` itself is the room ""."""
    return ([*name.split("."), ""])[1]


def licet_imports(module: Module) -> list[str]:
    """What a module imports of licet. `from licet import __version__` is no room."""
    return [one.name for one in module.imports if one.name.startswith("licet.")]


@pytest.mark.parametrize("module", modules(), ids=str)
def test_a_room_imports_only_what_the_floor_plan_allows(module: Module) -> None:
    assert module.room in MAY_IMPORT, f"{module} is in a room that the floor plan lacks"
    allowed = MAY_IMPORT[module.room] | {module.room}
    for name in licet_imports(module):
        if (module.name, room_of(name)) not in SIDEWAYS_DEBTS and (module.name, name) not in DOORS:
            assert room_of(name) in allowed, f"{module} imports {name}"


def test_every_debt_is_still_owed() -> None:
    for module, room in SIDEWAYS_DEBTS:
        owed = module in BY_NAME and room in map(room_of, licet_imports(BY_NAME[module]))
        assert owed, f"{module} no longer imports from {room}/: take the line out of SIDEWAYS_DEBTS"


def test_no_face_knows_flows_or_recognisers() -> None:
    for module in modules():
        if module.room == "cli":
            assert not [name for name in licet_imports(module) if room_of(name) in ("flow", "recognise", "wire")]


def test_nothing_imports_a_face() -> None:
    for module in modules():
        if module.room not in ("cli", "__main__"):
            assert not [name for name in licet_imports(module) if room_of(name) == "cli"], str(module)


def test_no_import_goes_in_a_circle() -> None:
    finished: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " → ".join((*path, name))
        if name in finished or name not in BY_NAME:
            return
        for target in licet_imports(BY_NAME[name]):
            if target != name:
                visit(target, (*path, name))
        finished.add(name)

    for name in BY_NAME:
        visit(name, ())


def test_libraries_are_imported_where_they_are_named() -> None:
    for module in modules():
        for one in module.imports:
            top = one.name.split(".")[0]
            if top == "licet" or top in sys.stdlib_module_names:
                continue
            assert top in LIBRARIES, f"{module} imports {top}, which the house does not know"
            homes = LIBRARIES[top]
            assert any(module.name == home or module.name.startswith(f"{home}.") for home in homes), (
                f"{module} imports {top}"
            )


def test_django_stays_in_the_server() -> None:
    for module in modules():
        if module.room != "server":
            assert not [one.name for one in module.imports if one.name.split(".")[0] == "django"], str(module)


@pytest.mark.parametrize("module", [m for m in modules() if m.room in (*ROOMS, "disk", "errors")], ids=str)
def test_below_app_nothing_touches_the_machine(module: Module) -> None:
    """No file, no socket, no clock, no chance, no diagnostics: bytes and time come in, values go out."""
    if module.name in TOUCHES_THE_MACHINE:
        return
    used = [one.name for one in module.imports if not one.for_types and one.name.split(".")[0] in MACHINE_MODULES]
    assert not used, f"{module} imports {used}"
    called = [f"{name} (line {line})" for name, line in calls(module) if name in MACHINE_CALLS]
    assert not called, f"{module} calls {called}"


def test_the_files_that_touch_the_machine_exist() -> None:
    assert set(BY_NAME) >= TOUCHES_THE_MACHINE.keys() | ASKS_THE_CLOCK | DRAWS


def test_the_clock_is_asked_by_name() -> None:
    for module in modules():
        asks = any(one.name == "time" for one in module.imports)
        asks = asks or any(name.endswith((".now", ".today", ".utcnow")) for name, _ in calls(module))
        assert not asks or module.name in ASKS_THE_CLOCK, f"{module} asks the clock"


def test_nothing_draws_a_random_number_but_the_file_named_for_it() -> None:
    for module in modules():
        drawn = {one.name.split(".")[0] for one in module.imports} & {"random", "secrets", "uuid"}
        assert not drawn or module.name in DRAWS, f"{module} imports {drawn}"
        text = module.path.read_text(encoding="utf-8")
        assert not re.search(r"\b(?:np|numpy)\.random\b", text), str(module)
        assert not re.search(r"\b(?:urandom|getrandom|SystemRandom|\w*\.generate)\b", text) or module.name in DRAWS


# What verifies a log and its proofs, without a registry, a folder or a network: what an enforcer will carry.
CARRIED = ("merkle", "note", "checkpoint", "cosignature", "proof_file", "entry")
CARRIED_LINES_MAX = 650


def test_what_verifies_a_log_is_small_and_stands_alone() -> None:
    """It reaches nouns and errors, neither what writes nor what fetches a log, and is read in an hour."""
    names = {f"licet.tlog.{name}" for name in CARRIED}
    reached = reachable(sorted(names))
    assert reached <= names | {"licet.errors", "licet.model.canonical", "licet.model.log_entry"}
    lines = sum(len(BY_NAME[name].path.read_text(encoding="utf-8").splitlines()) for name in names)
    assert lines <= CARRIED_LINES_MAX


# What a block depends on: the enforced set, the signatures of people, the log, and handing over the rules. The boundary
# is what must be right so that no rule stands without two people's signatures, against a registered endpoint, wider
# than it was signed, or past its end, whatever a server says. Not in it: `further` (the other limits), where a mistake
# can only fail to take a rule away that two people signed; the outputs beside nftables; looking up an address in a
# snapshot, and fetching, which are handed in. Nouns, sentences and errors decide nothing, and are counted apart.
CORE = (
    "licet.enforce.apply", "licet.enforce.decide", "licet.enforce.logged", "licet.enforce.nftables",
    "licet.tlog.checkpoint", "licet.tlog.entry", "licet.tlog.verify",
)
CORE_BESIDE = ("licet.enforce.pf", "licet.enforce.suricata")  # loaded by `apply`, for files that are not nftables'
CORE_LINES_MAX, CORE_NOUN_LINES_MAX = 1_500, 700


def test_what_a_block_depends_on_is_small_and_knows_no_framework() -> None:
    """Lines of code: what is left without blank lines, comments and docstrings. It is read in an afternoon."""
    reached = reachable(list(CORE)) - set(CORE_BESIDE)
    assert {room_of(name) for name in reached} == {"enforce", "errors", "lifecycle", "model", "order", "tlog"}
    assert "licet.enforce.further" not in reached
    nouns = {name for name in reached if room_of(name) in ("errors", "model")} | {"licet.order.problem"}
    libraries = {one.name.split(".")[0] for name in reached for one in BY_NAME[name].imports}
    assert libraries - set(sys.stdlib_module_names) == {"licet", "cryptography"}
    assert sum(code_lines(BY_NAME[name]) for name in reached - nouns) <= CORE_LINES_MAX
    assert sum(code_lines(BY_NAME[name]) for name in nouns) <= CORE_NOUN_LINES_MAX


def test_nothing_that_enforces_knows_of_reporting() -> None:
    """What a block depends on, and the use cases around it, reach neither the report of an enforcer nor what sends it:
    reporting can fail in every way and change nothing of what is enforced."""
    starts = [*CORE, *(name for name in BY_NAME if name.startswith(("licet.enforce.", "licet.app.enforce.")))]
    reports = {name for name in BY_NAME if name.startswith("licet.app.confirm")} | {"licet.model.enforcer_report"}
    assert len(reports) > 3
    assert not reachable(starts) & reports


def test_every_door_is_used() -> None:
    for face, door in DOORS:
        assert door in licet_imports(BY_NAME[face]), f"{face} no longer calls {door}"


def test_the_door_of_the_server_opens_without_django() -> None:
    """`licet.server.start` is imported before anybody knows whether the extra is installed."""
    program = "import sys, licet.server.start; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not [name for name in done.stdout.split() if name.split(".")[0] in ("django", "allauth", "granian")]


def test_scan_and_lookup_load_no_django() -> None:
    """Observed: what reads captures and registries never imports the service or its framework."""
    program = (
        "import sys\n"
        "from click.testing import CliRunner\n"
        "from licet.cli.main import licet\n"
        "done = CliRunner().invoke(licet, sys.argv[1:], standalone_mode=False)\n"
        "assert done.exception is None, done.exception\n"
        "print(*sorted(sys.modules))\n"
    )
    office, registry = "src/licet/app/demo/office.pcap", "src/licet/app/demo/registry.toml"
    for words in (["scan", office, "--registry", registry], ["lookup", "198.51.100.10", "--registry", registry]):
        done = subprocess.run([sys.executable, "-c", program, *words], capture_output=True, text=True, check=True,
                              cwd=ROOT)
        loaded = done.stdout.split()
        assert "licet.snapshot.store" in loaded
        assert not [name for name in loaded if name.split(".")[0] in ("django", "allauth", "granian", "structlog")]
        assert not [name for name in loaded if name.startswith("licet.server")]


def test_numpy_is_imported_only_when_it_is_asked_for() -> None:
    """Its import takes longer than a small scan."""
    for module in modules():
        for one in module.imports:
            is_numpy = one.name.split(".")[0] == "numpy"
            assert not is_numpy or one.for_types or not one.at_top, f"{module}, line {one.line}"


def test_seeing_never_leads_to_acting() -> None:
    reached = reachable([name for name in BY_NAME if name.startswith(SEEING) and name not in NOUNS_OF_ACTING])
    assert not reached & set(NOUNS_OF_ACTING)
    for name in reached:
        assert not set(name.split(".")) & ACTING, f"{name} can be reached from what sees"
        assert room_of(name) not in ("app", "cli", "server"), f"{name} can be reached from what sees"


def test_seeing_never_leads_to_contacting() -> None:
    """What reads traffic cannot reach the network, nor can any command but `licet proof`, `licet log` and `licet
    snapshot sync`; methods of proof do not know the guard that they are handed."""
    starts = [name for name in BY_NAME if name.startswith(SEEING)]
    starts += ["licet.app.catalogue", "licet.app.scan", "licet.app.triage", "licet.app.replay", "licet.app.explain"]
    assert not reachable(starts) & set(CONTACTING)
    for module in modules():
        for name in licet_imports(module):
            if name in CONTACTING:
                assert module.name in (*CONTACTING, *MAY_CONTACT), f"{module} imports {name}"


def test_sockets_are_made_in_three_places() -> None:
    """The guard's contacts an endpoint whose registrant asked for it; the ring's receives; and the service sees whether
    the port is free on which it will listen."""
    made = [(module.name, name) for module in modules() for name, _ in calls(module)
            if name in ("socket.socket", "socket.create_connection", "socket.socketpair", "socket.fromfd",
                        "socket.create_server")]
    assert made == [("licet.capture.afpacket", "socket.socket"), ("licet.proof.guard", "socket.socket"),
                    ("licet.server.listening", "socket.create_server")]


def reachable(names: list[str]) -> set[str]:
    """All modules of licet that these import, directly or not."""
    reached: set[str] = set()
    todo = list(names)
    while todo:
        name = todo.pop()
        if name in reached or name not in BY_NAME:
            continue
        reached.add(name)
        todo += licet_imports(BY_NAME[name])
    return reached


@pytest.mark.parametrize("module", [m for m in modules() if m.room == "cli"], ids=str)
def test_a_face_imports_nothing_heavy_at_the_top(module: Module) -> None:
    for one in module.imports:
        if one.at_top and not one.for_types:
            is_light = one.name.split(".")[0] in LIGHT or one.name in ("licet", "licet.errors")
            assert is_light or one.name.startswith("licet.cli"), f"{module}, line {one.line}, imports {one.name}"


def test_help_loads_nothing_heavy() -> None:
    """The same, observed: after the command line is imported, nothing heavy is."""
    program = "import sys, licet.cli.main; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert "licet.cli.scan" in loaded
    assert not [name for name in loaded if name.startswith(HEAVY)]
