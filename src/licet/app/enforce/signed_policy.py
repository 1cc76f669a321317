"""Reading `policy.toml` with its signatures: which network this is, and who may sign orders about it (lifecycle §9).

The policy is signed offline with `ssh-keygen -Y sign -n licet-policy`, each signature added to `policy.toml.sig`. As
many different keys of those pinned in licet.toml as the quorum says must have signed. No server holds one of them.
"""

from __future__ import annotations

from dataclasses import dataclass

from licet.app.enforce_table import EnforceTable
from licet.errors import BadFile, LicetError, Malformed, VerificationFailed
from licet.model.canonical import canonical_json, sha256_digest
from licet.model.policy import NetworkPolicy
from licet.order.policy_file import POLICY_BYTES_MAX, network_of, read_policy
from licet.order.sshsig import BEGIN, END, SshKey, read_key, require_signature
from licet.snapshot.store import read_bytes

NAMESPACE = "licet-policy"
SIGNATURES_BYTES_MAX = 256 * 1024
SIGNATURES_MAX = 64


@dataclass(frozen=True, slots=True)
class SignedPolicy:
    """network: of the policy; pinned: digest of the keys and the quorum it was verified with."""

    network: NetworkPolicy
    pinned: str


def load_policy(table: EnforceTable, network_name: str) -> SignedPolicy:
    """The policy of one network. Raises BadFile, BadInput, VerificationFailed."""
    if not table.policy:
        raise BadFile("licet.toml", "names no policy under [enforce]")
    keys = {key.key_id: key for key in map(read_key, table.policy_keys)}
    raw = read_bytes(table.policy, POLICY_BYTES_MAX)
    signed_by = _signers(raw, table.policy + ".sig", list(keys.values()))
    if len(signed_by) < table.policy_quorum:
        raise VerificationFailed(f"{table.policy}: {len(signed_by)} of the pinned keys signed it, and "
                                 f"{table.policy_quorum} have to: ssh-keygen -Y sign -n {NAMESPACE} -f KEY "
                                 f"< policy.toml >> policy.toml.sig")
    name = table.network or network_name
    network = network_of(read_policy(table.policy, raw), name)
    if network is None:
        raise BadFile(table.policy, f"has no network of the name “{name}”")
    return SignedPolicy(network, sha256_digest(canonical_json([table.policy_quorum, *sorted(keys)])))


def _signers(raw: bytes, path: str, keys: list[SshKey]) -> set[str]:
    """The ids of those keys that signed. A signature by any other key is passed over."""
    text = read_bytes(path, SIGNATURES_BYTES_MAX).decode("ascii", "replace")
    blocks = [f"{BEGIN}{block.partition(END)[0]}{END}\n" for block in text.split(BEGIN)[1:]]
    if len(blocks) > SIGNATURES_MAX:
        raise Malformed(f"{path}: has more than {SIGNATURES_MAX} signatures")
    return {key.key_id for key in keys if any(_holds(block, key, raw) for block in blocks)}


def _holds(block: str, key: SshKey, raw: bytes) -> bool:
    try:
        require_signature(block, key, NAMESPACE, raw)
    except LicetError:
        return False
    return True
