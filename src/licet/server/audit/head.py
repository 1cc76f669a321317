"""What this machine knows of the log itself: its key, the checkpoint that it serves, and where that is."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from functools import cache

from django.conf import settings
from django.urls import reverse

from licet.errors import LicetError
from licet.server.deployment import Deployment, read_secret
from licet.tlog.checkpoint import read_checkpoint
from licet.tlog.signer import read_log_key
from licet.tlog.store import FolderReader
from licet.tlog.verify import CHECKPOINT, CHECKPOINT_BYTES_MAX


@dataclass(frozen=True, slots=True)
class Head:
    """What the served checkpoint says; nothing of it was verified here. root: in base64, as the checkpoint has it."""

    origin: str
    size: int
    root: str


def served_head() -> Head | None:
    """The checkpoint in the log's folder, or None where there is none that can be read."""
    try:
        raw = FolderReader(settings.DEPLOYMENT.log_path).read(CHECKPOINT, CHECKPOINT_BYTES_MAX)
        found = None if raw is None else read_checkpoint(raw)
    except LicetError:
        return None
    return None if found is None else Head(found.origin, found.size, base64.b64encode(found.root).decode())


def public_key() -> str:
    """The log's verifier key, NAME+ID+BASE64, or "" on a machine that does not have it."""
    deployment: Deployment = settings.DEPLOYMENT
    path = deployment.log_key_path
    return _public_half(str(path), path.stat().st_mtime_ns) if path.exists() else ""


@cache
def _public_half(path: str, _changed_ns: int) -> str:
    try:
        return str(read_log_key(read_secret(path)).verifier)
    except LicetError:
        return ""


def files_address() -> str:
    """Below which address the log's own files are: the same in every language."""
    return reverse("log_checkpoint").removesuffix(CHECKPOINT)


def place() -> str:
    """How the log is named to `licet log` from outside."""
    return f"{settings.DEPLOYMENT.table.url.rstrip('/')}{files_address()}".rstrip("/")
