"""Making the key of a log, once, in a file that its owner alone can read."""

from __future__ import annotations

import os

from licet.app.key_file import write_key
from licet.tlog.note import KEY_BYTES
from licet.tlog.signer import LogKey, read_log_key


def new_log_key(name: str, path: str) -> LogKey:
    """Write a new key to a file that must not be there yet. Raises BadInput for the name, BadFile for the path."""
    key = LogKey(name, os.urandom(KEY_BYTES))
    write_key(path, key.text() + "\n")
    return key


def parse_log_key(text: str) -> LogKey:
    """The key whose file holds this text. Raises BadInput."""
    return read_log_key(text)
