"""`licet explain`, from the arguments to the exit status."""

from __future__ import annotations

from importlib.resources import files

import pytest
from click.testing import CliRunner

from licet.app.report.words import cell_width
from licet.cli.main import licet
from licet.errors import BadInput

DEMO = files("licet") / "app/demo"
CAPTURE, REGISTRY = str(DEMO / "office.pcap"), str(DEMO / "registry.toml")


def run(*arguments: str):
    return CliRunner().invoke(licet, ["explain", *arguments], standalone_mode=False)


@pytest.fixture(scope="module")
def endpoints() -> list[str]:
    from licet.app.scan import scan

    return [str(judged.tunnel.server) for judged in scan([CAPTURE]).tunnels]


def test_every_tunnel_of_the_demo_is_explained_and_names_no_other_address(endpoints):
    assert endpoints
    for endpoint in endpoints:
        done = run(CAPTURE, endpoint, "--registry", REGISTRY)
        assert done.return_value == 0, done.output
        assert done.stdout.startswith(endpoint)
        assert "│──" in done.stdout or "──│" in done.stdout
        assert all(cell_width(line) <= 100 for line in done.stdout.splitlines())
        assert "packets/s" in done.stderr


def test_find_prints_queries_for_the_owner(endpoints):
    done = run(CAPTURE, endpoints[0], "--find")
    assert done.return_value == 0
    assert "tcpdump -n -r" in done.stdout
    assert "What was seen" not in done.stdout


def test_an_endpoint_that_is_not_there_says_what_is(endpoints):
    done = run(CAPTURE, "203.0.113.99:1/udp")
    assert isinstance(done.exception, BadInput)
    assert done.exception.exit_status == 3
    assert endpoints[0] in str(done.exception)


def test_an_endpoint_that_cannot_be_read_is_a_usage_error():
    import click

    done = run(CAPTURE, "192.0.2.10")
    assert isinstance(done.exception, click.UsageError)
    assert "ADDRESS:PORT/udp" in str(done.exception.message)
