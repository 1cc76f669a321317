"""A difference between what a registry says and what its log says, and how much was compared."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

from licet.model.canonical import Json

TEXT_LENGTH_MAX = 300


@dataclass(frozen=True, slots=True)
class Difference:
    """code: names what differs, for programs; service: a handle; where: what was looked at; said: there; logged: what
    the log says."""

    code: str
    service: str
    where: str
    said: str
    logged: str

    def __str__(self) -> str:
        # What a registry says may be anything: it goes to a terminal.
        said = "".join(one if one.isprintable() else "�" for one in self.said[:TEXT_LENGTH_MAX])
        return f"{self.service}: {self.where} says: {said}; the log says: {self.logged} ({self.code})"


@dataclass(slots=True)
class Comparison:
    """differences: none where all is as the log says; snapshots, services, listed, lookups: how many were compared,
    services of the newest snapshot and listed ones of the directory; untold: ends of which the log says that there is
    one, and not which."""

    differences: list[Difference] = field(default_factory=list)
    snapshots: int = 0
    services: int = 0
    listed: int = 0
    lookups: int = 0
    untold: int = 0

    def as_json(self) -> dict[str, Json]:
        """The same for programs: counts, and each difference with its code."""
        counts: dict[str, Json] = {name: getattr(self, name) for name in (
            "snapshots", "services", "listed", "lookups", "untold")}
        differences: list[Json] = [dict(asdict(one)) for one in self.differences]
        return {**counts, "differences": differences}

    def differ(self, code: str, service: str, where: str, said: str, logged: str) -> None:
        """Note a difference."""
        self.differences.append(Difference(code, service, where, said, logged))
