"""What the service tells who runs it: diagnostics, metrics, and every problem of an installation in words."""

from __future__ import annotations

import json
import logging
import math
import re
import shutil
import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from django.test import Client, override_settings
from django.urls import path

from licet.app.tuf_keys import make_starter
from licet.server import diagnostics, urls
from licet.server.clock import utc_now
from licet.server.registry.models import Notice
from licet.server.registry.publish import publish
from licet.server.registry.service_layer import decisions
from licet.server.signing_checks import signing_problems
from licet.tuf.layout import ROLES
from licet.tuf.signer import SigningKey
from server.world import CODE, FAILED, World, make_world
from support.published import Registry, key, records

pytestmark = pytest.mark.django_db

AN_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+|[0-9a-f]*:[0-9a-f]*:[0-9a-f:]+::|[\w.]+@[\w.]+")


class Lines:
    """What was written to standard error since the test began."""

    def __init__(self, captured: pytest.CaptureFixture[str]) -> None:
        self.captured, self.text = captured, ""

    def getvalue(self) -> str:
        """All of it."""
        self.text += self.captured.readouterr().err
        return self.text


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Iterator[Lines]:
    root = logging.getLogger()
    before, level = root.handlers, root.level
    diagnostics.configure()
    yield Lines(capsys)
    root.handlers = before
    root.setLevel(level)
    structlog.reset_defaults()


def told(lines: Lines) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines.getvalue().splitlines()]


def breaks(request: Any, token: str) -> None:
    """A page with a mistake in it, whose message quotes what was sent."""
    raise ValueError("someone@example.net from 192.0.2.99 sent a secret")


urlpatterns = [*urls.urlpatterns, path("breaks/<str:token>/", breaks, name="breaks")]


def test_a_request_is_one_line_with_its_id_and_without_an_address(lines: Lines) -> None:
    answer = Client(REMOTE_ADDR="192.0.2.99", HTTP_USER_AGENT="a browser").get("/officer/a-token-that-is-secret/")
    [line] = told(lines)
    assert line["request_id"] == answer["Request-Id"]
    assert re.fullmatch(r"[0-9a-f]{16}", line["request_id"])
    assert (line["event"], line["method"], line["view"], line["status"]) == ("request", "GET", "become_officer", 404)
    assert line["milliseconds"] >= 0
    text = lines.getvalue()
    assert not AN_ADDRESS.search(text.replace(line["timestamp"], ""))
    for private in ("a-token-that-is-secret", "browser", "192.0.2"):
        assert private not in text


@override_settings(ROOT_URLCONF=__name__)
def test_a_failure_is_told_by_its_kind_and_place_and_not_by_its_message(lines: Lines) -> None:
    answer = Client(raise_request_exception=False, REMOTE_ADDR="192.0.2.99").get("/breaks/a-token-that-is-secret/")
    assert answer.status_code == 500
    failed, request = told(lines)
    assert (failed["event"], failed["error"], failed["view"]) == ("request_failed", "ValueError", "breaks")
    assert "breaks" in failed["at"][-1]
    assert failed["request_id"] == request["request_id"] == answer["Request-Id"]
    assert request["status"] == 500
    for private in ("someone", "192.0.2", "secret"):
        assert private not in lines.getvalue()


def test_what_is_not_there_is_no_failure(lines: Lines) -> None:
    make_world(at=utc_now())
    assert Client().get("/snapshot/7").status_code == 404
    assert [line["event"] for line in told(lines)] == ["request"]


def test_a_library_that_logs_an_exception_does_not_quote_it_either(lines: Lines) -> None:
    try:
        raise OSError("mail to someone@example.net was refused")
    except OSError:
        logging.getLogger("some.library").warning("it failed", exc_info=True)
    [line] = told(lines)
    assert (line["event"], line["error"]) == ("it failed", "OSError")
    assert "someone" not in lines.getvalue()


def test_paths_that_nobody_has_leave_no_trace(lines: Lines) -> None:
    Client(REMOTE_ADDR="192.0.2.99", HTTP_HOST="localhost").get("/203.0.113.7/someone@example.net")
    [line] = told(lines)
    assert (line["view"], line["status"]) == ("none", 404)
    assert not AN_ADDRESS.search(lines.getvalue().replace(line["timestamp"], ""))


# Metrics.


def metrics() -> dict[str, float]:
    text = Client(REMOTE_ADDR="192.0.2.99").get("/metrics").content.decode()
    return {name: float(value) for name, value in re.findall(r"^(licet_[^ ]+) ([^ ]+)$", text, re.MULTILINE)}


def test_metrics_count_what_happened() -> None:
    world: World = make_world(at=utc_now())
    world.application("approved")
    world.application("in_review")
    refused = world.application("in_review")
    decisions.decide(world.first, refused, approve=False, at=utc_now(), **CODE)
    failing = world.application("proving")
    world.prove(failing.service.endpoints.get(), outcome=FAILED)
    publish(at=utc_now())
    Client().get("/healthz")
    found = metrics()
    expected = {
        'licet_decisions_total{outcome="approved"}': 1, 'licet_decisions_total{outcome="refused"}': 1,
        'licet_proofs{outcome="valid",proof_method="http-01"}': 3,
        'licet_proofs{outcome="failed",proof_method="http-01"}': 1,
        'licet_applications{state="in_review"}': 1, "licet_queue_length": 1, "licet_officers": 2,
        "licet_snapshot_serial": 1, "licet_snapshot_records": 1, "licet_clock_age_seconds": -1,
        'licet_notices{outcome="sent"}': 0, 'licet_notices{outcome="given_up"}': 0,
    }
    assert {name: found[name] for name in expected} == expected
    assert found['licet_notices{outcome="waiting"}'] == Notice.objects.count()
    assert 0 <= found["licet_snapshot_age_seconds"] < 60
    assert 0 <= found["licet_oldest_application_seconds"] < 60
    assert found['licet_http_requests_total{method="GET",status_class="2xx"}'] >= 1


def test_no_metric_holds_an_address_a_handle_or_a_path() -> None:
    world = make_world(at=utc_now())
    found = world.registration()
    client = Client(REMOTE_ADDR="192.0.2.99", HTTP_X_FORWARDED_FOR="203.0.113.7")
    for page in ("/", "/snapshot", f"/desk/case/{found.service.handle}/", "/nowhere/192.0.2.1"):
        client.get(page)
    text = client.get("/metrics").content.decode()
    endpoint = found.service.endpoints.get()
    for private in (found.service.handle, str(endpoint.address), "192.0.2", "203.0.113", "/snapshot", "example.net"):
        assert private not in text


def test_metrics_stay_cheap(django_assert_max_num_queries: Any) -> None:
    make_world(at=utc_now())
    with django_assert_max_num_queries(20):
        Client().get("/metrics")


def test_every_metric_of_the_alerts_exists_and_is_documented() -> None:
    root = Path(__file__).parents[2]
    rules = (root / "examples/prometheus/licet.rules.yml").read_text(encoding="utf-8")
    page = (root / "docs/operate.md").read_text(encoding="utf-8")
    make_world(at=utc_now())
    text = Client().get("/metrics").content.decode()
    families = set(re.findall(r"^# TYPE (licet_\w+) ", text, re.MULTILINE))
    exposed = families | {f"{name}_total" for name in families} | {f"{name}_bucket" for name in families}
    used = set(re.findall(r"\blicet_\w+", rules))
    assert used
    assert used <= exposed
    for name in families:
        if not name.endswith("_created"):
            assert f"`{name}" in page, f"docs/operate.md does not say what {name} means"


# `licet serve --check`.


@pytest.fixture
def deployment(settings: Any, tmp_path: Path) -> Any:
    """An installation with nothing wrong but what a test does to it, and with the database in its folder: where that is
    elsewhere is what its checks go by, whichever one these tests run on."""
    import dataclasses

    tmp_path.chmod(0o700)
    key = tmp_path / "secret_key"
    key.write_text("a key\n")
    key.chmod(0o600)
    table = dataclasses.replace(settings.DEPLOYMENT.table, url="https://registry.example.net",
                                mail="smtp://mail.example.net:587", mail_from="registry@example.net", database="")
    settings.DEPLOYMENT = dataclasses.replace(settings.DEPLOYMENT, data=tmp_path, table=table)
    settings.SECURE_HSTS_SECONDS, settings.SESSION_COOKIE_SECURE, settings.CSRF_COOKIE_SECURE = 31_536_000, True, True
    settings.SECRET_KEY = "abcdefghij" * 6
    settings.LICET_SECOND_FACTOR = False
    make_world(at=utc_now())
    signs(tmp_path)
    return settings


def signs(folder: Path) -> Registry:
    """A set whose root is of people, and the key of the server that it names."""
    made = Registry(folder / "tuf")
    made.begin()
    made.number(1, records(1))
    (folder / "online_keys").mkdir(mode=0o700)
    write_key(folder, made.online[0])
    return made


def write_key(folder: Path, one: SigningKey) -> None:
    path = folder / "online_keys/online.key"
    path.write_text(one.open_text())
    path.chmod(0o600)


def problems() -> list[str]:
    from licet.server.checks import problems

    return problems()


def changed(settings: Any, **values: Any) -> None:
    import dataclasses

    table = dataclasses.replace(settings.DEPLOYMENT.table, **values)
    settings.DEPLOYMENT = dataclasses.replace(settings.DEPLOYMENT, table=table)


def test_an_installation_with_nothing_wrong(deployment: Any) -> None:
    assert problems() == []


def test_each_problem_is_said_in_words(deployment: Any) -> None:
    from licet.server.registry.models import Officer

    key = deployment.DEPLOYMENT.secret_key_path
    key.chmod(0o644)
    assert "chmod 600" in " ".join(problems())
    key.unlink()
    assert "everybody signs in again" in " ".join(problems())
    deployment.DEPLOYMENT.data.chmod(0o755)
    assert "chmod 700" in " ".join(problems())
    changed(deployment, url="http://registry.example.net")
    assert "passwords would travel in the clear" in " ".join(problems())
    changed(deployment, mail="")
    assert "nobody can confirm an address" in " ".join(problems())
    changed(deployment, mail="smtp://mail.example.net", mail_from="")
    assert "mail has no sender" in " ".join(problems())
    deployment.LICET_SECOND_FACTOR = True
    assert "2 of 2 officers have no second factor" in " ".join(problems())
    Officer.objects.filter(pk=Officer.objects.latest("pk").pk).update(retired_at=utc_now())
    assert "there is one officer" in " ".join(problems())
    Officer.objects.update(retired_at=utc_now())
    assert "nobody can decide" in " ".join(problems())
    for problem in problems():
        assert len(problem) > 30
        assert "Traceback" not in problem


def test_what_keeps_snapshots_from_being_signed_is_said(deployment: Any) -> None:
    folder = deployment.DEPLOYMENT.data
    online = folder / "online_keys/online.key"
    text = online.read_text()
    online.unlink()
    [problem] = problems()
    assert "has no key: nothing new is signed" in problem
    write_key(folder, key("another"))
    [problem] = problems()
    assert "none of those that the root lets publish" in problem
    online.write_text(text)
    online.chmod(0o644)
    assert "chmod 600" in " ".join(problems())
    online.chmod(0o600)
    (folder / "starter_keys").mkdir()
    [problem] = problems()
    assert "delete it" in problem
    (folder / "starter_keys").rmdir()
    (folder / "tuf/metadata/timestamp.json").write_bytes(b"{}")
    [problem] = problems()
    assert "does not hold together" in problem
    shutil.rmtree(folder / "tuf")
    [problem] = problems()
    assert "has no root yet" in problem
    shutil.rmtree(folder / "online_keys")
    make_starter(folder / "tuf", folder / "online_keys", folder / "starter_keys", utc_now())
    assert "whoever has the server has them" in " ".join(problems())


def test_a_machine_beside_the_one_that_signs_has_no_keys_to_miss(deployment: Any) -> None:
    folder = deployment.DEPLOYMENT.data
    shutil.rmtree(folder / "tuf")
    shutil.rmtree(folder / "online_keys")
    assert "has no root yet" in " ".join(problems())
    changed(deployment, database="postgresql://licet@/licet")
    assert problems() == []


def test_what_is_over_soon_is_said_with_what_to_do(deployment: Any) -> None:
    moments = [utc_now() + timedelta(days=days) for days in (0, 10, 340, 400)]
    found = [list(signing_problems(deployment.DEPLOYMENT, at)) for at in moments]
    assert found[0] == []
    assert [one.split(" is over since")[0] for one in found[1]] == [
        f"the list of the role {role}" for role in ("registrations", "snapshot", "timestamp")]
    assert "the root is over at" in found[2][0]
    assert "licet keys root --after" in found[2][0]
    assert "licet keys policy --after" in found[2][1]
    assert "the root is over since" in found[3][0]


def test_metrics_say_until_when_lists_hold(deployment: Any) -> None:
    found = metrics()
    assert found["licet_signed_serial"] == 1
    days = {role: found[f'licet_list_expires_days{{role="{role}"}}'] for role in ROLES}
    assert 0.9 < days["timestamp"] < 1
    assert 6.9 < days["snapshot"] < 7
    assert 364 < days["root"] < 366
    shutil.rmtree(deployment.DEPLOYMENT.data / "tuf")
    found = metrics()
    assert found["licet_signed_serial"] == 0
    assert math.isnan(found['licet_list_expires_days{role="root"}'])


def test_a_mail_server_that_does_not_answer_is_named(deployment: Any) -> None:
    deployment.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    deployment.EMAIL_HOST, deployment.EMAIL_PORT, deployment.EMAIL_TIMEOUT = "127.0.0.1", 1, 2
    [problem] = problems()
    assert "the mail server 127.0.0.1, port 1, cannot be used" in problem


def test_the_check_changes_nothing(deployment: Any) -> None:
    folder = deployment.DEPLOYMENT.data
    before = {one.name: stat.S_IMODE(one.stat().st_mode) for one in folder.iterdir()}
    problems()
    assert {one.name: stat.S_IMODE(one.stat().st_mode) for one in folder.iterdir()} == before
