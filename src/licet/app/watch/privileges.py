"""Give up every right that the rings needed to be opened: what reads hostile bytes should hold none (capabilities(7)).

As root the process becomes another user, which takes all capabilities along; as anyone else it clears its own. In both
cases no program that it starts can gain any.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import signal
import struct

from licet.errors import BadInput

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL = 38, 47, 4
_CAPABILITY_VERSION_3 = 0x20080522


def choose_user(name: str | None) -> tuple[int, int] | None:
    """(user, group) to become: the one named, else who called sudo, else nobody; None where we are not root.

    Raises BadInput where there is no such user, or where one was named and we may not become it.
    """
    if os.geteuid() != 0:
        if name is not None:
            raise BadInput("only root can become another user; leave --user out")
        return None
    try:
        entry = pwd.getpwnam(name) if name is not None else _caller() or pwd.getpwnam("nobody")
    except KeyError:
        raise BadInput(f"there is no user “{name or 'nobody'}” to become after the interfaces are open") from None
    return entry.pw_uid, entry.pw_gid


def _caller() -> pwd.struct_passwd | None:
    number = os.environ.get("SUDO_UID", "")
    try:
        return pwd.getpwuid(int(number)) if number.isdigit() and int(number) else None
    except KeyError:
        return None


def give_up(user: tuple[int, int] | None) -> None:
    """Become that user, or stay and clear all capabilities. Raises BadInput where that fails: better none than half."""
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        if user is not None:
            os.setgroups([])
            os.setgid(user[1])
            os.setuid(user[0])
        libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
        header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
        if libc.capset(header, bytes(24)) != 0 or libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    except OSError as error:
        raise BadInput(f"the rights that opening the interfaces needed cannot be given up: {error.strerror}") from None


def end_with_parent() -> None:
    """Be told to stop when the process that started this one is gone, in whichever way (prctl(2))."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
