"""`licet serve --check`: what would keep the service from its work, as sentences that say what to do."""

from __future__ import annotations

import stat
from collections.abc import Iterator

from django.conf import settings
from django.core.checks import run_checks
from django.core.mail import get_connection
from django.db import DatabaseError

from licet.errors import LicetError
from licet.server.clock import utc_now
from licet.server.deployment import Deployment, read_secret
from licet.server.entrance import lacks_second_factor
from licet.server.health import OK, readiness
from licet.server.notices import FAILURES_MAX
from licet.server.registry.models import Notice, Officer, Registry
from licet.server.signing_checks import signing_problems

# What Django warns of and what is so on purpose: on one machine without TLS, cookies and HSTS cannot be secure.
WITHOUT_TLS = frozenset({"security.W004", "security.W008", "security.W012", "security.W016"})
# TLS ends at a proxy, which also redirects; its names are its own, so they are not included and not preloaded.
AT_THE_PROXY = frozenset({"security.W008", "security.W005", "security.W021"})
LOCAL = ("localhost", "127.0.0.1", "[::1]")
DO = {
    "database": "start it, and see whether database in [server] of licet.toml is right",
    "migrations": "`licet serve` does them when it starts",
    "registry": "`licet serve` makes it when it starts",
    "log": "see “When the writer stops” in docs/log.md",
}


def problems() -> list[str]:
    """Everything that is wrong, one sentence each; nothing is changed."""
    deployment: Deployment = settings.DEPLOYMENT
    found = [*_files(deployment), *_address(deployment), *_framework(deployment)]
    state = readiness()
    found += [f"{name} {said}: {DO[name]}" for name, said in state.items() if said != OK and name != "clock"]
    found += _mail(deployment)
    found += signing_problems(deployment, utc_now())
    if state.get("registry") == OK:
        found += _registry(deployment)
    return found


def _files(deployment: Deployment) -> Iterator[str]:
    mode = stat.S_IMODE(deployment.data.stat().st_mode)
    if mode & 0o077:
        yield f"{deployment.data} can be read by others: chmod 700 it"
    if not deployment.secret_key_path.exists():
        yield f"{deployment.secret_key_path} is missing; `licet serve` makes it, and then everybody signs in again"
    else:
        try:
            read_secret(deployment.secret_key_path)
        except LicetError as error:
            yield str(error)
    database = deployment.database_path
    if database.exists() and stat.S_IMODE(database.stat().st_mode) & 0o007:
        yield f"{database} can be read by others: chmod 600 it"


def _address(deployment: Deployment) -> Iterator[str]:
    url = deployment.table.url
    if url.startswith("http://") and not any(url.startswith(f"http://{host}") for host in LOCAL):
        yield (f"passwords would travel in the clear to {url}: put a proxy with TLS before the service, and write "
               "https:// as url in [server] of licet.toml")


def _framework(deployment: Deployment) -> Iterator[str]:
    is_https = deployment.table.url.startswith("https://")
    meant = AT_THE_PROXY if is_https else AT_THE_PROXY | WITHOUT_TLS
    for one in run_checks(include_deployment_checks=True):
        if one.id not in meant:
            yield f"Django says ({one.id}): {one.msg}" + (f" {one.hint}" if one.hint else "")


def _mail(deployment: Deployment) -> Iterator[str]:
    if not deployment.table.mail:
        if not deployment.is_demo:
            yield (f"mail is only written to files in {deployment.data / 'mail'}, so nobody can confirm an address: "
                   "say in [server] of licet.toml which server sends it, as mail and mail_from")
        return
    if not deployment.table.mail_from:
        yield "mail has no sender: say it as mail_from in [server] of licet.toml"
    connection = get_connection()
    try:
        connection.open()
    except OSError as error:
        yield (f"the mail server {settings.EMAIL_HOST}, port {settings.EMAIL_PORT}, cannot be used ({error}): see mail "
               "and mail_password_file in [server] of licet.toml")
    finally:
        connection.close()


def _registry(deployment: Deployment) -> Iterator[str]:
    try:
        officers = list(Officer.objects.filter(retired_at=None).select_related("account"))
        given_up = Notice.objects.filter(sent_at=None, failures__gte=FAILURES_MAX).count()
        is_owned = Registry.objects.filter(pk=1, kind=Registry.OWNED).exists()
    except DatabaseError as error:
        yield f"the registry cannot be read ({type(error).__name__})"
        return
    if not officers:
        yield "nobody can decide: `licet serve` prints a link that makes the first officer"
    elif len(officers) == 1:
        yield "there is one officer; a hold, a revocation and an appeal need a second: invite one at the desk"
    without = sum(lacks_second_factor(one.account) for one in officers)
    if without:
        yield f"{without} of {len(officers)} officers have no second factor, and cannot decide before they set one up"
    if given_up:
        yield f"{given_up} mails were refused {FAILURES_MAX} times and are not tried again"
    if is_owned and not deployment.prefixes:
        yield ("this is the register of an owned network, and licet.toml does not say which prefixes are its: say them "
               "in [network], so that private addresses of others are not taken")
