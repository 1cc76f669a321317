"""Why a packet was counted but not used. Each reason is printed at the end of a run; none is a guess."""

from __future__ import annotations

import enum


class Skip(enum.IntEnum):
    """A reason; `title` is how the last line of a run names it."""

    LINK_TYPE = 1
    LINK_DAMAGED = 2
    NOT_IP = 3
    IP_DAMAGED = 4
    LATER_FRAGMENT = 5
    TOO_DEEP = 6
    OTHER_PROTOCOL = 7
    TRANSPORT_DAMAGED = 8
    OUTSIDE_TIME = 9

    @property
    def title(self) -> str:
        return _TITLES[self]


_TITLES = {
    Skip.LINK_TYPE: "of a link type that is not read",
    Skip.LINK_DAMAGED: "with a damaged link header",
    Skip.NOT_IP: "not IP",
    Skip.IP_DAMAGED: "with a damaged IP header",
    Skip.LATER_FRAGMENT: "later fragments",
    Skip.TOO_DEEP: "nested too deep",
    Skip.OTHER_PROTOCOL: "of other IP protocols",
    Skip.TRANSPORT_DAMAGED: "with a damaged UDP or TCP header",
    Skip.OUTSIDE_TIME: "outside the time asked for",
}
