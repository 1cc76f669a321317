"""Making the key of a log, once, in a file that its owner alone can read."""

from __future__ import annotations

import os

from licet.errors import BadFile
from licet.tlog.note import KEY_BYTES
from licet.tlog.signer import LogKey, read_log_key

KEY_FILE_MODE = 0o600


def new_log_key(name: str, path: str) -> LogKey:
    """Write a new key to a file that must not be there yet. Raises BadInput for the name, BadFile for the path."""
    key = LogKey(name, os.urandom(KEY_BYTES))
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, KEY_FILE_MODE)
    except FileExistsError:
        raise BadFile(path, "is there already, and may be the key of a log: it is not overwritten") from None
    except OSError as error:
        raise BadFile(path, f"cannot be written: {error.strerror or error}") from None
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(key.text() + "\n")
        file.flush()
        os.fsync(file.fileno())
    return key


def parse_log_key(text: str) -> LogKey:
    """The key whose file holds this text. Raises BadInput."""
    return read_log_key(text)
