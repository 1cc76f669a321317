"""Keys of snapshots as files: made once, opened with a passphrase, never overwritten."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from licet.app.key_file import write_key
from licet.errors import BadFile, BadInput
from licet.tuf.ceremony import first_root, first_targets, group
from licet.tuf.current import PENDING
from licet.tuf.layout import OFFLINE_DAYS, ROOT, TARGETS, metadata_file
from licet.tuf.signer import (
    KEY_FILE_BYTES_MAX,
    NONCE_BYTES,
    PASSPHRASE_LENGTH_MIN,
    SALT_BYTES,
    SEED_BYTES,
    SigningKey,
    needs_passphrase,
    read_signing_key,
)
from licet.tuf.signer import SCHEMA as KEY_SCHEMA
from licet.tuf.store import PublishedFolder

FOLDER_MODE = 0o700
ONLINE_NAME = "online.key"
ROOT_NAME, POLICY_NAME = "root.key", "policy.key"


def new_key(path: str, passphrase: str | None, *, is_starter: bool = False) -> SigningKey:
    """Write a new key to a file that must not be there yet. passphrase: seals it; None for a server's key. Raises
    BadInput for the passphrase, BadFile for the path."""
    if passphrase is not None and len(passphrase) < PASSPHRASE_LENGTH_MIN:
        raise BadInput(f"a passphrase has at least {PASSPHRASE_LENGTH_MIN} characters: take four words that nobody "
                       "would put together")
    key = SigningKey(os.urandom(SEED_BYTES), is_starter)
    text = key.open_text() if passphrase is None else (
        key.sealed_text(passphrase, os.urandom(SALT_BYTES), os.urandom(NONCE_BYTES)))
    write_key(path, text)
    return key


def key_text_of(path: str) -> str:
    """The text of a key's file. Raises BadFile."""
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read(KEY_FILE_BYTES_MAX + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise BadFile(path, f"cannot be read: {error}") from None
    if len(text) > KEY_FILE_BYTES_MAX:
        raise BadFile(path, "is too large for a key")
    return text


def open_key(path: str, passphrase: Callable[[], str]) -> SigningKey:
    """The key in a file. passphrase: asked where it is sealed. Raises BadFile, BadInput, VerificationFailed."""
    text = key_text_of(path)
    return read_signing_key(text, passphrase() if needs_passphrase(text) else None)


def public_half(path: str) -> str | None:
    """The public line of a private key's file, which needs no passphrase; None where the file is none. Raises
    BadFile."""
    try:
        found = json.loads(key_text_of(path))
    except (BadFile, ValueError, RecursionError):
        return None
    is_key = isinstance(found, dict) and found.get("schema") == KEY_SCHEMA
    return str(found.get("public")) if is_key else None


def make_starter(folder: Path, online_folder: Path, starter_folder: Path, at: datetime) -> bool:
    """Make a set that works by itself: a key for the server, and offline keys that are not offline yet. False where
    there is a root already, or somebody else's keys wait for one. What an earlier try left is gone on with.

    folder: of the published set; online_folder, starter_folder: of the keys. Raises BadFile.
    """
    store = PublishedFolder(folder)
    root_file = metadata_file(ROOT, 1)
    if store.size(root_file) is not None or (online_folder.exists() and not starter_folder.exists()):
        return False
    try:
        for one in (starter_folder, online_folder):
            one.mkdir(FOLDER_MODE, parents=True, exist_ok=True)
    except OSError as error:
        raise BadFile(str(starter_folder), f"cannot be written: {error.strerror or error}") from None
    root_key, policy_key = (_kept_or_new(starter_folder / name) for name in (ROOT_NAME, POLICY_NAME))
    online = group([_kept_or_new(online_folder / ONLINE_NAME).raw], 1, "online")
    expires = at.replace(microsecond=0) + timedelta(days=OFFLINE_DAYS)
    root = first_root(group([root_key.raw], 1, "root"), group([policy_key.raw], 1, "policy"), online, expires,
                      is_starter=True)
    targets = first_targets(online, expires)
    root_key.add_signature(root)
    policy_key.add_signature(targets)
    store.write({f"{PENDING}/1.{TARGETS}.json": targets.to_bytes()})
    store.write({root_file: root.to_bytes()})  # last: with it the set is made
    return True


def _kept_or_new(path: Path) -> SigningKey:
    if path.exists():
        return read_signing_key(key_text_of(str(path)))
    return new_key(str(path), None, is_starter=True)
