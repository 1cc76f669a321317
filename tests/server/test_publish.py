"""The published snapshot: read back by `licet.load`, numbered, unchanging, and with everything that counts in it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client

import licet
from licet.model.canonical import moment_ns
from licet.model.registration import Record
from licet.server.registry.models import Snapshot
from licet.server.registry.publish import publish, records_at
from licet.server.registry.service_layer import attested, endpoints, proofs
from licet.server.registry.service_layer.services import current_registration
from licet.snapshot.entry import decode_wireguard_key, mac1_key
from server.world import DAY, HOUR, MONDAY, OK, World, key, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


def digest(seed: object) -> str:
    return mac1_key(decode_wireguard_key(key(seed)))


def test_what_is_published_is_what_licet_reads(world: World, tmp_path: Path) -> None:
    registered = world.registration().service
    held = world.registration("serverHold").service
    noticed = world.registration("noticed+appeal").service
    world.registration("gone")
    world.application("in_review")
    made = publish(at=MONDAY + 40 * DAY)
    path = tmp_path / "registry.snapshot"
    path.write_bytes(bytes(made.body))
    read = licet.load(path)
    assert read.digest == made.digest
    assert (read.serial, len(read.records)) == (1, made.records)
    assert list(read.records) == [plain(one) for one in records_at(MONDAY + 40 * DAY)]
    statuses = {one.service: one.status for one in read.records}
    assert statuses == {registered.handle: "ok", held.handle: "serverHold", noticed.handle: "noticed"}


def plain(record: Record) -> Record:
    """A record as a snapshot has it: without what is said for people."""
    assert (record.title, record.operator) == ("", "")
    return record


def test_a_serial_is_taken_only_when_something_changed(world: World) -> None:
    first = publish(at=MONDAY)
    assert publish(at=MONDAY + DAY).serial == first.serial
    service = world.registration().service
    second = publish(at=MONDAY + 2 * DAY)
    assert second.serial == first.serial + 1
    assert publish(at=MONDAY + 3 * DAY) == second
    endpoints.revoke_endpoint(world.owner, service.endpoints.get(), at=MONDAY + 4 * DAY)
    assert publish(at=MONDAY + 4 * DAY).serial == second.serial + 1


def test_a_serial_never_changes_its_content(world: World) -> None:
    made = publish(at=MONDAY)
    made.records = 5
    with pytest.raises(RuntimeError, match="never changed"):
        made.save()
    with pytest.raises(RuntimeError, match="never deleted"):
        made.delete()
    assert Snapshot.objects.get(serial=made.serial).records == 0


def test_an_unlisted_service_counts_without_its_name(world: World) -> None:
    shown = world.registration().service
    hidden = world.registration(is_listed=False).service
    for service in (shown, hidden):
        service.endpoints.update(name="vpn.example.net")
    names = {one.service: one.name for one in records_at(MONDAY + DAY)}
    assert names == {shown.handle: "vpn.example.net", hidden.handle: None}


def test_a_key_alone_publishes_no_address_and_no_key(world: World) -> None:
    service = world.service()
    endpoint = world.endpoint(service, address="", proof_address="192.0.2.90", proof_port=51820, public_key=key("home"))
    register(world, service)
    world.prove(endpoint)
    approve(world, service)
    (record,) = records_at(MONDAY + DAY)
    assert (record.address, record.port, record.mac1_key) == (None, None, digest("home"))
    body = bytes(publish(at=MONDAY + DAY).body)
    assert b"192.0.2.90" not in body
    assert key("home").encode() not in body


def register(world: World, service: object) -> None:
    from licet.server.registry.service_layer import applications
    from licet.server.registry.service_layer.services import open_application_of

    found = open_application_of(service)  # type: ignore[arg-type]
    assert found is not None
    applications.submit_application(world.owner, found, at=MONDAY)


def approve(world: World, service: object) -> None:
    from licet.server.registry.service_layer import decisions
    from licet.server.registry.service_layer.services import open_application_of

    found = open_application_of(service)  # type: ignore[arg-type]
    assert found is not None
    decisions.decide(world.first, found, approve=True, at=MONDAY)


def test_old_and_new_key_both_count_for_72_hours(world: World) -> None:
    service = world.service()
    four = world.endpoint(service, address="192.0.2.10", public_key=key("old"))
    six = world.endpoint(service, address="2001:db8::10", public_key=key("old"))
    register(world, service)
    world.prove(four)
    world.prove(six)
    approve(world, service)
    changed = MONDAY + 10 * DAY
    endpoints.change_key(world.owner, four, key("new"), at=changed)
    soon, late = changed + 71 * HOUR, changed + 73 * HOUR

    def counting(at: object) -> set[str | None]:
        return {one.mac1_key for one in records_at(at) if one.mac1_key and one.counts(moment_ns(at))}  # type: ignore[arg-type]

    assert counting(soon) == {digest("old"), digest("new")}
    assert counting(late) == {digest("new")}
    # A copy from just after the change ends the old key by itself.
    copy = {one.mac1_key: one for one in records_at(changed + HOUR) if one.mac1_key}
    assert copy[digest("old")].valid_until_ns == moment_ns(changed + 72 * HOUR)
    six.refresh_from_db()
    assert six.public_key == key("new")


def test_old_and_new_endpoint_both_count_for_72_hours(world: World) -> None:
    service = world.registration().service
    old = service.endpoints.get()
    asked, proven = MONDAY + 5 * DAY, MONDAY + 6 * DAY
    new = endpoints.replace_endpoint(world.owner, old, {"address": "203.0.113.9", "port": 443, "transport": "tcp",
                                                        "tunnel_protocol": "openvpn"}, at=asked)
    assert [one.address for one in records_at(asked + HOUR)] == [old.address]
    proofs.record_proof(proofs.start_proof(world.owner, new, "http-01", at=asked), OK, at=proven)
    for after, addresses in ((HOUR, {old.address, "203.0.113.9"}), (71 * HOUR, {old.address, "203.0.113.9"}),
                             (73 * HOUR, {"203.0.113.9"})):
        assert {one.address for one in records_at(proven + after)} == addresses
    copy = {one.address: one for one in records_at(proven + HOUR)}
    assert copy[old.address].valid_until_ns == moment_ns(proven + 72 * HOUR)


def test_a_copy_that_is_not_refreshed_errs_for_the_registered(world: World) -> None:
    found = world.registration()
    (record,) = records_at(MONDAY + DAY)
    assert record.valid_until_ns == moment_ns((found.ex_date + 60 * DAY).replace(microsecond=0))
    world.registration("noticed")
    ends = {one.status: one.valid_until_ns for one in records_at(MONDAY + DAY)}
    assert ends["noticed"] >= moment_ns(MONDAY + 366 * DAY)


def test_attested_entries_are_marked_and_only_there_on_an_owned_network() -> None:
    world = make_world("owned")
    service = attested.attest(
        world.first, {"name": "Vendor gateway", "purpose": "Maintenance of the presses", "sponsor": "Print shop"},
        [{"address": "192.0.2.77", "port": 500, "tunnel_protocol": "ipsec"}],
        review_date=(MONDAY + 200 * DAY).date(), at=MONDAY)
    (record,) = records_at(MONDAY + DAY)
    assert (record.service, record.status) == (service.handle, "attested")
    found = current_registration(service)
    assert found is not None
    assert found.ex_date - MONDAY < timedelta(days=202)


def test_the_snapshot_can_be_downloaded_and_kept(world: World) -> None:
    made = publish(at=MONDAY)
    newest = Client().get("/snapshot")
    assert newest.content == bytes(made.body)
    assert newest["Licet-Digest"] == made.digest
    again = Client().get("/snapshot", headers={"If-None-Match": newest["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    numbered = Client().get(f"/snapshot/{made.serial}")
    assert "immutable" in numbered["Cache-Control"]
    assert Client().get("/snapshot/99").status_code == 404
