"""The files of an order: read with a bound, written whole or not at all."""

from __future__ import annotations

from licet.errors import BadFile, BadInput, Malformed
from licet.model.order import FILE_BYTES_MAX, OrderFile, file_bytes, read_order_file
from licet.model.policy import NetworkPolicy
from licet.order.policy_file import POLICY_BYTES_MAX, network_of, read_policy
from licet.order.sshsig import KEY_LINE_LENGTH_MAX, SshKey, read_key
from licet.snapshot.store import read_bytes, replace_file


def load_order(path: str) -> OrderFile:
    """Raises BadFile."""
    try:
        return read_order_file(read_bytes(path, FILE_BYTES_MAX))
    except Malformed as error:
        raise BadFile(path, str(error)) from None


def save_order(path: str, file: OrderFile) -> None:
    """Replace a file at once. Raises BadFile."""
    replace_file(path, file_bytes(file))


def load_network(path: str, name: str) -> NetworkPolicy:
    """The network of a policy file: the one of that name, or the only one. Raises BadFile and BadInput."""
    networks = read_policy(path, read_bytes(path, POLICY_BYTES_MAX))
    if not name and len(networks) == 1:
        return networks[0]
    found = network_of(networks, name)
    if found is None:
        raise BadInput(f"{path} has no network “{name}”; it has {', '.join(f'“{one.name}”' for one in networks)}")
    return found


def load_public_key(path: str) -> SshKey:
    """The public key of a `.pub` file, or the one beside a private key. Raises BadFile."""
    named = path if path.endswith(".pub") else f"{path}.pub"
    raw = read_bytes(named, KEY_LINE_LENGTH_MAX)
    try:
        return read_key(raw.decode())
    except (Malformed, UnicodeDecodeError) as error:
        raise BadFile(named, str(error)) from None
