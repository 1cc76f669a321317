"""The client: takes nothing that the trusted root does not lead to, and says which rule a refused set broke.

The checks are those of TUF's client workflow (specification 1.0, §5), done by the library; each of its refusals becomes
a code and a sentence here. What it verified is kept in a folder, so that an older set is known as such.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tuf.api.exceptions import (
    BadVersionNumberError,
    DownloadError,
    DownloadHTTPError,
    DownloadLengthMismatchError,
    ExpiredMetadataError,
    LengthOrHashMismatchError,
    RepositoryError,
    UnsignedMetadataError,
)
from tuf.api.metadata import Root, Snapshot, TargetFile, Targets, Timestamp
from tuf.ngclient import Updater, UpdaterConfig

from licet.disk import replace, take_lock
from licet.errors import BadFile, LicetError, Malformed, SnapshotRefused, Unavailable
from licet.tuf.fetch import Fetcher
from licet.tuf.index import Index, read_index
from licet.tuf.layout import (
    INDEX_PATH,
    METADATA_FOLDER,
    REGISTRATIONS,
    ROOT,
    ROOT_BYTES_MAX,
    ROOTS_MAX,
    SNAPSHOT,
    SNAPSHOT_BYTES_MAX,
    TARGETS,
    TARGETS_BYTES_MAX,
    TIMESTAMP,
    TIMESTAMP_BYTES_MAX,
    file_of,
    metadata_file,
)
from licet.tuf.roles import fingerprint, is_starter, read_any, read_metadata

ANCHOR = "trusted-root.json"
DELEGATIONS_MAX = 4
_KINDS = {ROOT: Root, TARGETS: Targets, SNAPSHOT: Snapshot, TIMESTAMP: Timestamp, REGISTRATIONS: Targets}


@dataclass(frozen=True, slots=True)
class Verified:
    """A set that holds. index: what can be had; root_version: of the newest root; expires: when the first of its lists
    is over; is_starter: the root's keys were made by a server for itself; publishers: ids of the keys that publish
    registrations."""

    index: Index
    root_version: int
    expires: datetime
    is_starter: bool
    publishers: tuple[str, ...]


class Client:
    """A client with what it knows, in a folder of its own. One at a time: everything happens while `hold` holds."""

    def __init__(self, url: str, folder: Path) -> None:
        """Raises BadInput where the text is no URL."""
        self.fetcher = Fetcher(url)
        self.url, self._folder = self.fetcher.url, folder
        self._updater: Updater | None = None

    @contextlib.contextmanager
    def hold(self) -> Iterator[None]:
        """Keep other syncs of this folder out. Raises Unavailable, BadFile."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            lock = take_lock(self._folder / "lock")
        except BlockingIOError:
            raise Unavailable(f"another sync of {self._folder.parent} is at work; try again") from None
        except OSError as error:
            raise BadFile(str(self._folder), f"cannot be written: {error.strerror or error}") from None
        try:
            yield
        finally:
            self.fetcher.close()
            os.close(lock)

    def anchor(self) -> bytes | None:
        """The root that was trusted first, None where none was yet. Raises BadFile."""
        try:
            return (self._folder / ANCHOR).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise BadFile(str(self._folder / ANCHOR), f"cannot be read: {error.strerror or error}") from None

    def keep_anchor(self, root: bytes) -> None:
        """Trust a root from now on. The caller was told to by whoever answers for this machine. Raises BadFile."""
        try:
            replace(self._folder / ANCHOR, root)
        except OSError as error:
            raise BadFile(str(self._folder / ANCHOR), f"cannot be written: {error.strerror or error}") from None

    def fingerprints(self) -> Iterator[str]:
        """Of every root that was followed so far."""
        for path in sorted((self._folder / METADATA_FOLDER / "root_history").glob("*.json")):
            yield fingerprint(path.read_bytes())

    def find_root(self, wanted: str) -> bytes:
        """The root with a fingerprint, among those that the server has. Nothing else of it is believed. Raises
        SnapshotRefused where it has none with it, Unavailable."""
        with self._words(ROOT):
            for version in range(1, ROOTS_MAX + 1):
                try:
                    raw = self.fetcher.download_bytes(f"{self.url}/{metadata_file(ROOT, version)}", ROOT_BYTES_MAX)
                except DownloadHTTPError as error:
                    if version == 1 or error.status_code not in (403, 404):
                        raise
                    break
                if fingerprint(raw) == wanted:
                    return raw
        raise SnapshotRefused("wrong_root", self.url, f"it has no root with the fingerprint {wanted}: check it where "
                              "you have it from. If it is right, this is another registry, or somebody who poses as it")

    def refresh(self, anchor: bytes) -> Verified:
        """Fetch and verify the newest lists. Raises SnapshotRefused, Unavailable, BadFile, and Malformed where the
        anchor is no root."""
        read_metadata(anchor, Root)
        config = UpdaterConfig(
            max_root_rotations=ROOTS_MAX, max_delegations=DELEGATIONS_MAX, root_max_length=ROOT_BYTES_MAX,
            timestamp_max_length=TIMESTAMP_BYTES_MAX, snapshot_max_length=SNAPSHOT_BYTES_MAX,
            targets_max_length=TARGETS_BYTES_MAX)
        with self._words(TIMESTAMP):
            self._updater = Updater(str(self._folder / METADATA_FOLDER), f"{self.url}/{METADATA_FOLDER}/",
                                    fetcher=self.fetcher, config=config, bootstrap=anchor)
            self._updater.refresh()
        listed = self.target(INDEX_PATH)
        if listed is None:
            raise SnapshotRefused("no_snapshots", self.url, "the key that publishes registrations lists none")
        with self._words(REGISTRATIONS):
            raw = self.fetcher.download_bytes(self.url_of(listed), listed.length)
            listed.verify_length_and_hashes(raw)
            try:
                index = read_index(raw)
            except Malformed as error:
                raise SnapshotRefused("damaged", self.url, str(error)) from None
        return self._verified(index)

    def _verified(self, index: Index) -> Verified:
        """What the lists that were just verified say; the library keeps them as files."""
        ends = []
        publishers: tuple[str, ...] = ()
        for role in (ROOT, TIMESTAMP, SNAPSHOT, TARGETS, REGISTRATIONS):
            metadata = read_any(self._kept(role))
            ends.append(metadata.signed.expires.replace(tzinfo=UTC))
            if role == ROOT:
                root: Root = metadata.signed
            elif role == TARGETS and metadata.signed.delegations is not None:
                publishers = tuple(sorted(metadata.signed.get_delegated_role(REGISTRATIONS).keyids))
        return Verified(index, root.version, min(ends), is_starter(root), publishers)

    def _kept(self, role: str) -> bytes:
        return (self._folder / METADATA_FOLDER / f"{role}.json").read_bytes()

    def target(self, path: str) -> TargetFile | None:
        """What is signed of a file; None where nobody who may publish it lists it. Raises SnapshotRefused,
        Unavailable."""
        assert self._updater is not None
        with self._words(REGISTRATIONS):
            return self._updater.get_targetinfo(path)

    def url_of(self, listed: TargetFile) -> str:
        """Where a file is."""
        return f"{self.url}/{file_of(listed.path, listed.hashes['sha256'])}"

    def download(self, listed: TargetFile, part: Path) -> None:
        """Bring a file to a path, going on where an earlier try ended. The path holds it whole and verified when this
        returns. Raises SnapshotRefused, Unavailable, BadFile."""
        with self._words(REGISTRATIONS):
            try:
                self._resume(listed, part)
                with open(part, "rb") as file:
                    listed.verify_length_and_hashes(file)
            except (LengthOrHashMismatchError, DownloadLengthMismatchError):
                part.unlink(missing_ok=True)  # nothing of it may be gone on from
                raise

    def _resume(self, listed: TargetFile, part: Path) -> None:
        part.parent.mkdir(parents=True, exist_ok=True)
        with open(part, "ab") as file:
            size = file.tell()
            if size > listed.length:
                size = file.truncate(0)
            if size == listed.length:
                return
            for at, block in self.fetcher.blocks(self.url_of(listed), listed.length, size):
                if at < file.tell():
                    file.truncate(at)
                    file.seek(at)
                file.write(block)

    @contextlib.contextmanager
    def _words(self, role: str) -> Iterator[None]:
        """Say in our words what the library says in its own."""
        try:
            yield
        except LicetError:
            raise
        except ExpiredMetadataError as error:
            raise self._expired(str(error)) from None
        except DownloadLengthMismatchError as error:
            raise SnapshotRefused("too_long", self.url, f"{error}, which is more than was announced or allowed: the "
                                  "rest was not read") from None
        except DownloadHTTPError as error:
            raise Unavailable(f"{self.url}: {error}: it has no set of snapshots, or only a part of one; try "
                              "later") from None
        except DownloadError as error:
            raise Unavailable(f"{self.url}: it cannot be read: {error}; try again") from None
        except RepositoryError as error:
            raise self._refused(error) from None
        except OSError as error:
            raise BadFile(str(self._folder), f"cannot be written: {error.strerror or error}") from None
        except (ValueError, KeyError, TypeError, RecursionError):
            raise SnapshotRefused("damaged", self.url, f"a list of the role {role} is damaged") from None

    def _refused(self, error: RepositoryError) -> SnapshotRefused:
        if isinstance(error, UnsignedMetadataError):
            return SnapshotRefused("not_signed", self.url, "a list is not signed by enough of the keys that the "
                                   f"trusted root names ({error}): it was forged, or a key was replaced and the server "
                                   "lags")
        if isinstance(error, BadVersionNumberError):
            return SnapshotRefused("rolled_back", self.url, f"it shows an older set than this folder has seen "
                                   f"({error}): a mirror that lags, or somebody who holds back what is new")
        if isinstance(error, LengthOrHashMismatchError):
            return SnapshotRefused("mixed", self.url, f"its files do not belong together ({error}): parts of two sets, "
                                   "or one that was changed")
        return SnapshotRefused("damaged", self.url, f"a list cannot be used: {error}")

    def _expired(self, said: str) -> SnapshotRefused:
        """A list that is over: which, and since when."""
        name = next((role for role in _KINDS if f"{role}.json" in said or said.startswith(f"New {role}")), "")
        since = self._end_of(name)
        over = f"is over since {since:%Y-%m-%dT%H:%M:%SZ}" if since else "is over"
        return SnapshotRefused("expired", self.url, f"the list of the role {name or '?'} {over}: the registry has "
                               "stopped signing, or somebody shows you an old state of it")

    def _end_of(self, role: str) -> datetime | None:
        """When a list is over that the library verified before it found that: the one that was fetched last, or else
        the one that was kept."""
        fetched = [raw for name, raw in self.fetcher.seen.items() if f".{name}".endswith(f".{role}.json")]
        with contextlib.suppress(Malformed, OSError):
            found: datetime = read_any(fetched[-1] if fetched else self._kept(role)).signed.expires
            return found
        return None
