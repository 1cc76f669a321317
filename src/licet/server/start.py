"""Starting the service: the one module of server/ that the command line calls.

It imports Django only when one of its functions runs, and says in one sentence what to install where it is missing.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from licet.errors import BadInput, LicetError, Refused, Unavailable
from licet.server.database import usable_database
from licet.server.deployment import Deployment, make_database_file, make_folder, read_deployment, read_secret
from licet.server.listening import listen_address, require_free

if TYPE_CHECKING:
    from licet.app.transparency.count import Report
    from licet.server.demo_people import Invite

SETTINGS = "licet.server.settings"
LOOPBACK = ("127.0.0.1", "::1", "localhost")
THREADS_A_WORKER = 8
PUBLIC = "public"


@dataclass(frozen=True)
class Options:
    """What the command line said. kind: of a new registry, or None; config: a path or None; invite: people who sign
    the orders of a demonstration, or None."""

    host: str = "127.0.0.1"
    port: int = 8000
    kind: str | None = None
    demo: bool = False
    config: str | None = None
    invite: Invite | None = None


def serve(options: Options, tell: Callable[[str], None]) -> None:
    """Make what is missing, then answer requests until a signal comes. tell: gets each line for the terminal. Raises
    BadInput, BadFile or Unavailable where it cannot start; then nothing was made."""
    begun = time.monotonic()
    deployment = prepare(options)
    import django

    django.setup()
    with usable_database(deployment):
        lines = _ready_registry(options, deployment)
    for line in lines:
        tell(line)
    _run(options, deployment, tell, begun)


def check(options: Options) -> list[str]:
    """What would keep the service from starting or from doing its work, one sentence each; nothing is changed."""
    try:
        deployment = _environment(options)
        if not deployment.data.exists():
            return [f"{deployment.data} does not exist: `licet serve` makes it"]
        import django

        django.setup()
    except LicetError as error:
        return [str(error)]  # nothing more can be looked at
    from licet.server.checks import problems

    return problems()


def run_due(config: str | None) -> str:
    """Do what is due, publish and mail, once. Returns what was done. Raises Refused where there is no registry."""
    deployment = _existing_registry(config)
    from licet.server.worker import run_once

    with usable_database(deployment):
        return run_once()


def count_report(config: str | None, first: date, last: date) -> Report:
    """Count what this registry did between two days, both included. Raises Refused where there is no registry,
    BadInput."""
    _environment(Options(config=config))
    import django

    django.setup()
    from licet.app.transparency.count import Period
    from licet.server.audit.report import report_of
    from licet.server.registry.service_layer.actors import registry

    registry()
    return report_of(Period(first, last))


def backup(config: str | None, file: str) -> str:
    """Back the registry up into a file. Returns what was written. Raises BadInput or BadFile."""
    deployment = _existing_registry(config)
    from licet.server.backup.make import make_backup
    from licet.server.clock import utc_now

    made = make_backup(deployment, Path(file).absolute(), at=utc_now())
    return (f"{file}: {made.name}, {made.counts['Service']} services, snapshot {made.serial}, "
            f"{made.database_bytes} bytes, {made.database_digest}")


def restore(config: str | None, file: str, replace: bool) -> str:
    """Restore a backup. Returns what was restored. Raises Refused, BadInput, BadFile, VerificationFailed or
    Unavailable, and then the target is as it was."""
    deployment = _environment(Options(config=config))
    make_folder(deployment)
    import django

    django.setup()
    from licet.server.backup.restore import restore_backup

    found, has_secret = restore_backup(deployment, Path(file).absolute(), replace=replace)
    sessions = "" if has_secret else "; its secrets were not beside it, so everybody signs in again"
    return (f"{deployment.data}: {found.name} of {found.created}, {found.counts['Service']} services, snapshot "
            f"{found.serial} {found.digest}{sessions}")


def invite_officer(config: str | None) -> str:
    """A link that makes an officer, given by whoever runs the service. Raises Refused where there is no registry."""
    deployment = _existing_registry(config)
    from licet.server.clock import utc_now
    from licet.server.registry.service_layer.officers import invite_by_operator

    token = invite_by_operator(at=utc_now())
    url = deployment.table.url or f"http://{Options.host}:{Options.port}"
    return f"become an officer, within a day: {url.rstrip('/')}/officer/{token}/"


def _existing_registry(config: str | None) -> Deployment:
    """The registry that is there, with Django set up. Raises Refused where there is none, Unavailable where its
    database does not answer."""
    deployment = _environment(Options(config=config))
    none = Refused("no_registry", f"there is no registry in {deployment.data}: `licet serve` makes one")
    if not deployment.data.exists():
        raise none
    import django

    django.setup()
    from django.db import connection

    from licet.server.checks import DO
    from licet.server.health import OK, readiness

    # Whether the clock and the log are well is another matter: a backup is wanted most where something is not.
    for name, said in readiness().items():
        if said != OK and name in ("database", "migrations", "registry"):
            sentence = f"{deployment.data}: {name} {said}: {DO[name]}"
            if name == "database":
                raise Unavailable(sentence)
            raise Refused("no_registry", sentence) if connection.introspection.table_names() else none
    return deployment


def prepare(options: Options) -> Deployment:
    """Check that the service can run here, and make its folder and its key. Raises BadInput or BadFile."""
    deployment = _environment(options)
    address = listen_address(options.host)
    if options.host not in LOOPBACK and not deployment.table.url:
        raise BadInput(f"at {options.host} others can reach this registry: say under which address, as url in the "
                       "table [server] of licet.toml, or in LICET_URL")
    if not deployment.table.url:
        host = f"[{options.host}]" if ":" in options.host else options.host
        os.environ["LICET_URL"] = f"http://{host}:{options.port}"
        deployment = read_deployment(os.environ)
    require_free(address, options.port)
    make_folder(deployment)
    make_database_file(deployment)
    _make_log_key(deployment)
    _make_snapshot_keys(deployment)
    return deployment


def _make_log_key(deployment: Deployment) -> None:
    """Make the key of the log before there is a log. Its name is the registry's address at that time, for ever. Where
    the database is on another machine the log may be too: then its operator brings the key, or makes one. Raises
    BadFile."""
    if deployment.log_key_path.exists() or deployment.log_path.exists() or deployment.table.database:
        return
    from licet.app.log_key import new_log_key

    host = deployment.table.url.partition("://")[2].rstrip("/")
    new_log_key(f"{host}/log", str(deployment.log_key_path))


def _make_snapshot_keys(deployment: Deployment) -> None:
    """Make keys with which a new registry can sign its snapshots at once. Where the database is on another machine its
    operator brings them. Raises BadFile."""
    if deployment.table.database:
        return
    from licet.app.tuf_keys import make_starter
    from licet.server.clock import utc_now

    make_starter(deployment.tuf_path, deployment.online_keys_path, deployment.starter_keys_path, utc_now())


def _environment(options: Options) -> Deployment:
    """Set what the worker processes read too. Raises BadInput where a package is missing."""
    try:
        import allauth  # noqa: F401
        import csp  # noqa: F401
        import django  # noqa: F401
        import granian  # noqa: F401
        import prometheus_client  # noqa: F401
        import structlog  # noqa: F401
        import whitenoise  # noqa: F401
    except ImportError as error:
        raise BadInput(f"the registry service needs a package that is not installed ({error.name}): "
                       "pip install 'licet[server]'") from None
    os.environ["DJANGO_SETTINGS_MODULE"] = SETTINGS
    if options.config is not None:
        os.environ["LICET_CONFIG"] = str(Path(options.config).resolve())
    if options.demo:
        os.environ["LICET_DEMO"] = "1"
    return read_deployment(os.environ)


def _ready_registry(options: Options, deployment: Deployment) -> list[str]:
    """Apply migrations, make the registry, and return what its operator should know."""
    from django.core.management import call_command

    from licet.server.clock import utc_now
    from licet.server.registry.models import Registry
    from licet.server.registry.publish import publish
    from licet.server.registry.service_layer.officers import init_registry, invite_first_officer, rename_registry
    from licet.server.registry.upgrade import write_missing_entries
    from licet.server.snapshot_signing import highest_signed, publish_signed

    call_command("migrate", interactive=False, verbosity=0)
    at = utc_now()
    found = Registry.objects.filter(pk=1).first()
    if found is None or options.kind is not None:
        found = init_registry(options.kind or PUBLIC, deployment.table.name or "licet", at=at)
    if deployment.table.name:
        rename_registry(deployment.table.name)
    lines = [f"registry of {found.kind} kind in {deployment.data}"]
    if options.demo:
        from licet.server.demo import seed

        lines += seed(at=at, invite=options.invite)
    token = invite_first_officer(at=at)
    if token is not None:
        lines.append(f"become its first officer, within a day: {deployment.table.url.rstrip('/')}/officer/{token}/")
    write_missing_entries(at=at)
    publish(at=at, after=highest_signed())
    if deployment.log_key_path.exists():
        lines.append(f"its log verifies with {_log_verifier(deployment)}")
    signed = publish_signed(at=at)
    lines += _snapshot_lines(options, deployment) or [signed]
    return lines


def _snapshot_lines(options: Options, deployment: Deployment) -> list[str]:
    """By which root the snapshots verify, and what to think of it; nothing where none is signed."""
    from licet.server.snapshot_signing import signed_state

    state = signed_state()
    if state is None or state.newest is None:
        return []
    lines = [f"its snapshots verify with the root {state.fingerprint}"]
    if state.is_starter:
        what = "for this demonstration" if options.demo else "so that it works at once"
        lines.append(f"the keys of that root are in {deployment.starter_keys_path}, made {what}: docs/keys.md says how "
                     "people make their own")
    return lines


def _log_verifier(deployment: Deployment) -> str:
    """The public half of the log's key."""
    from licet.app.log_key import parse_log_key

    return str(parse_log_key(read_secret(deployment.log_key_path)).verifier)


def _run(options: Options, deployment: Deployment, tell: Callable[[str], None], begun: float) -> None:
    """Answer requests until SIGINT or SIGTERM."""
    from django.db import connections
    from granian import Granian
    from granian.constants import Interfaces

    from licet.server import diagnostics
    from licet.server.worker import Worker

    gc.enable()  # The command line switches it off for short runs; this one is long.
    diagnostics.configure()
    # A forked worker would keep for ever the locks that the clock's thread held in that moment, SQLite's among them; so
    # would one that takes the place of another later.
    multiprocessing.set_start_method("spawn", force=True)
    worker = Worker()
    server = Granian(
        "licet.server.wsgi:application", address=listen_address(options.host), port=options.port,
        interface=Interfaces.WSGI, workers=deployment.table.workers or 1, blocking_threads=THREADS_A_WORKER,
        log_enabled=False, websockets=False, workers_kill_timeout=10, respawn_failed_workers=True,
    )
    server.on_startup(worker.start)
    server.on_shutdown(worker.stop)
    tell(f"{deployment.table.url} (ready in {time.monotonic() - begun:.1f} s; stop with Ctrl-C)")
    try:
        server.serve()
    except OSError as error:
        raise Unavailable(f"cannot listen on {options.host}, port {options.port}: {error}") from None
    finally:
        # The last one to leave SQLite brings what it wrote ahead into the database's file.
        connections.close_all()
