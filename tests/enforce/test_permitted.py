"""What is permitted, in four forms: the same list in each, let pass and never refused, of one's own network alone."""

from __future__ import annotations

import csv
import io
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from enforce.cases import AT_NS
from enforce.office import Office
from enforce.orders import DAY_NS, record
from enforce.test_nftables import has_namespaces
from enforce.test_suricata import SURICATA, YAML

RECORDS = (
    record("198.51.100.10:51820/udp wireguard"), record("198.51.100.10:1194/udp openvpn", "provisional"),
    record("198.51.100.11 ipsec", service="SVC-WIDE", valid_until_ns=AT_NS + 5 * DAY_NS),
    record("203.0.113.0/28 ipsec", service="SVC-NETS"), record("198.51.100.12/esp ipsec-esp", service="SVC-PESP"),
    record("[2001:db8:b::10]:1194/tcp openvpn", "attested", service="SVC-VSIX"),
    record("198.51.100.99:51820/udp wireguard", "revoked", service="SVC-GONE"),
    record("198.51.100.98:51820/udp wireguard", service="SVC-PAST", valid_until_ns=AT_NS),
    record("198.51.100.97:1/udp wireguard", service="SVC-BKEY", address=None, transport=None, port=None,
           mac1_key="ab" * 32),
)
GONE = ("198.51.100.99", "198.51.100.98", "198.51.100.97")


@pytest.fixture
def office(tmp_path: Path) -> Office:
    made = Office(tmp_path / "office")
    made.publish_registry(*RECORDS)
    return made


def permitted(office: Office, form: str, *options: str) -> str:
    done = office.licet("permitted", "--config", str(office.folder / "licet.toml"), "--format", form, *options)
    assert done.status == 0, done.err
    return done.out


def test_every_form_has_what_counts_and_nothing_else(office: Office) -> None:
    for form in ("csv", "nftables", "pf", "suricata"):
        text = permitted(office, form)
        for address in ("198.51.100.10", "198.51.100.11", "198.51.100.12", "203.0.113.0/28", "2001:db8:b::10"):
            assert address in text, form
        assert not [address for address in GONE if address in text], form
        assert form == "csv" or "1 that are registered by their key alone" in text


def test_no_form_refuses_anything(office: Office) -> None:
    for form in ("nftables", "pf", "suricata"):
        words = re.sub(r"#.*", "", permitted(office, form))
        assert not re.search(r"\b(?:drop|reject|block)\b", words)


def test_the_list_is_scoped_to_the_owned_prefixes(office: Office) -> None:
    assert permitted(office, "suricata").count("[192.0.2.0/24] any <> ") == 5
    assert permitted(office, "suricata").count("[2001:db8:a::/64] any <> ") == 1
    assert "192.0.2.0/24" in permitted(office, "nftables")


def test_a_permission_ends_with_its_registration(office: Office) -> None:
    assert f"198.51.100.10 . udp . 51820 timeout {300 * 86_400}s" in permitted(office, "nftables")


def test_csv_is_read_back(office: Office) -> None:
    rows = list(csv.DictReader(io.StringIO(permitted(office, "csv"))))
    assert " ".join(row["service"] for row in rows) == "SVC-7F3K SVC-7F3K SVC-WIDE SVC-PESP SVC-NETS SVC-VSIX"
    assert rows[0] == {"address": "198.51.100.10", "transport": "udp", "port": "1194", "protocol": "openvpn",
                       "name": "", "service": "SVC-7F3K", "status": "provisional", "until": "2026-12-26T12:00:00Z"}


@pytest.mark.skipif(not has_namespaces(), reason="nft in a network namespace needs root, iproute2, nftables")
def test_nft_accepts_the_sets_in_a_table_of_the_owners(office: Office, tmp_path: Path) -> None:
    path = tmp_path / "permitted.nft"
    path.write_text(f"table inet mine {{\n{permitted(office, 'nftables')}}}\n")
    done = subprocess.run(["nft", "-c", "-f", str(path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(SURICATA is None, reason="suricata is not installed (Debian: suricata of bookworm-backports)")
def test_suricata_accepts_the_pass_rules(office: Office, tmp_path: Path) -> None:
    rules, config = tmp_path / "permitted.rules", tmp_path / "suricata.yaml"
    rules.write_text(permitted(office, "suricata"))
    config.write_text(YAML)
    done = subprocess.run(["suricata", "-T", "-c", str(config), "-S", str(rules), "-l", str(tmp_path)],
                          capture_output=True, text=True, check=False, timeout=120)
    assert "6 rules successfully loaded, 0 rules failed" in done.stdout + done.stderr


@pytest.mark.parametrize("kind", ["public", ""])
def test_a_public_network_has_no_such_list(kind: str, office: Office) -> None:
    path = office.write_config(kind="public")
    if not kind:
        path.write_text(path.read_text().replace('kind = "public"', ""))
    done = office.licet("permitted", "--config", str(path))
    assert (done.status, done.out) == (3, "")
    assert "for the owner of a network" in done.err


def test_a_network_that_only_calls_itself_owned_has_none(office: Office) -> None:
    office.write_policy(office.policy_text(serves=""))
    done = office.licet("permitted", "--config", str(office.folder / "licet.toml"))
    assert (done.status, done.out) == (3, "")
    assert "counts as public" in done.err


def test_anothers_registry_is_refused(office: Office, tmp_path: Path) -> None:
    other = tmp_path / "other.snapshot"
    shutil.copy(office.folder / "registry.snapshot", other)
    path = office.folder / "licet.toml"
    done = office.licet("permitted", "--config", str(path), "--registry", str(other))
    assert (done.status, done.out) == (3, "")
    assert "not this network's own register" in done.err
    path.write_text(path.read_text().replace('"registry.snapshot"', '"registry.snapshot"\nrole = "informs"'))
    done = office.licet("permitted", "--config", str(path), "--registry", str(office.folder / "registry.snapshot"))
    assert (done.status, done.out) == (3, "")
