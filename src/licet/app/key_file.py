"""A new key in a file of its own, which its owner alone can read."""

from __future__ import annotations

from pathlib import Path

from licet.disk import write_new
from licet.errors import BadFile

MODE = 0o600


def write_key(path: str, text: str) -> None:
    """Write the text of a key to a file that must not be there yet. Raises BadFile."""
    try:
        write_new(Path(path), text.encode(), MODE)
    except FileExistsError:
        raise BadFile(path, "is there already, and may be somebody's key: it is not overwritten") from None
    except OSError as error:
        raise BadFile(path, f"cannot be written: {error.strerror or error}") from None
