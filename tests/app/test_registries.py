"""Several registries at once, and what they cost a scan."""

from __future__ import annotations

import pytest

from house.outputs import OFFICE, OFFICE_REGISTRY
from licet.app import scan as scan_module
from licet.app.registries import refuse_shared_handles
from licet.app.report.summary import summary_line
from licet.app.scan import scan
from licet.errors import BadInput
from licet.judge import Registry
from licet.model.registration import Record
from licet.snapshot import Snapshot, load
from licet.snapshot.form import Header
from licet.snapshot.keys import KeyTrials
from snapshot.registries import UNTIL_NS, mac1_key_of, mapped


def _key(number: int, handle: str) -> Record:
    return Record(None, None, None, "wireguard", mac1_key_of(number).hex(), None, handle, "ok", 0, UNTIL_NS)


MANY = [_key(number, f"SVC-{number:03}") for number in range(100)]


@pytest.mark.parametrize("large", [Snapshot(Header(), MANY), mapped(MANY)], ids=["memory", "mapped"])
@pytest.mark.parametrize("others", [1, 30], ids=["asked by handle", "read whole"])
def test_one_handle_with_other_keys_is_refused_whichever_registry_is_larger(large: Snapshot, others: int) -> None:
    fits = Snapshot(Header(), [_key(number, f"SVC-{number:03}") for number in range(others)])
    shares = Snapshot(Header(), [_key(200, "SVC-099"), *fits.records])
    for order in ([fits, large], [large, fits]):
        refuse_shared_handles([Registry(snapshot) for snapshot in order])
    for order in ([shares, large], [large, shares], [fits, large, shares]):
        with pytest.raises(BadInput, match="handle SVC-099"):
            refuse_shared_handles([Registry(snapshot) for snapshot in order])


def test_a_service_with_an_address_may_share_its_handle() -> None:
    other = Record("192.0.2.10", None, None, "ipsec", None, None, "SVC-001", "ok", 0, UNTIL_NS)
    refuse_shared_handles([Registry(Snapshot(Header(), MANY)), Registry(Snapshot(Header(), [other]))])


def test_initiations_that_were_not_held_against_every_key_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = Registry(load(OFFICE_REGISTRY))
    assert "key checks" not in summary_line(scan([str(OFFICE)], registries=[registry]))
    monkeypatch.setattr(scan_module.Scanner, "key_trials", lambda scanner: KeyTrials(left=0))
    assert "key checks" in summary_line(scan([str(OFFICE)], registries=[registry]))
