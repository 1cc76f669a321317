"""The error tree, sorted by what the caller can do about it.

    LicetError
    ├── BadInput          the input is wrong: mend it               exit 3
    │   ├── Malformed     bytes from outside that break their format
    │   │   └── Truncated …that end too soon
    │   └── BadFile       a file that cannot be opened, read or understood
    ├── Refused           a rule does not allow it: the sentence says which   exit 3
    ├── VerificationFailed  a digest or signature does not hold       exit 4
    │   ├── LogBroken     the log is not what it was, or what it says it is: stop
    │   └── SnapshotRefused  a set of snapshots that must not be taken
    └── Unavailable       try again later                            exit 5

Every class keeps its facts as attributes and makes its sentence from them once. Bytes from the network never raise
anything but `Malformed` and its child `Truncated`.
"""


class LicetError(Exception):
    """Anything that licet reports in one sentence instead of a traceback. `exit_status` is the documented one."""

    exit_status = 3


class BadInput(LicetError):
    """The input is wrong; the sentence says what was expected."""


class Malformed(BadInput):
    """Bytes from outside that break their format."""


class Truncated(Malformed):
    """Bytes from outside that end before their format does."""


class BadFile(BadInput):
    """A file that cannot be used.

    path: as the user gave it; line: counted from one, or None; problem: what is wrong and what was expected.
    """

    def __init__(self, path: str, problem: str, line: int | None = None) -> None:
        self.path, self.problem, self.line = path, problem, line
        where = path if line is None else f"{path}, line {line}"
        super().__init__(f"{where}: {problem}")


class Refused(LicetError):
    """What was asked for is understood, and a rule does not allow it.

    code: names the rule, for programs and for translation; field: of the form or request that it is about, or "".
    """

    def __init__(self, code: str, sentence: str, field: str = "") -> None:
        self.code, self.field = code, field
        super().__init__(sentence)


class VerificationFailed(LicetError):
    """A digest or a signature does not hold: stop and find out why."""

    exit_status = 4


class LogBroken(VerificationFailed):
    """The log does not hold together, or would not after what was about to be done: stop, change nothing, look.

    code: names what is wrong, for programs; where: the file or the entry; problem: the rest of the sentence.
    """

    def __init__(self, code: str, where: str, problem: str) -> None:
        self.code, self.where, self.problem = code, where, problem
        super().__init__(f"{where}: {problem} ({code})")


class SnapshotRefused(VerificationFailed):
    """A published set of snapshots breaks a rule: what was had before is kept.

    code: names the rule, for programs; where: the address; problem: the rest of the sentence.
    """

    def __init__(self, code: str, where: str, problem: str) -> None:
        self.code, self.where, self.problem = code, where, problem
        super().__init__(f"{where}: {problem} ({code})")


class Unavailable(LicetError):
    """The other side did not answer: try again later."""

    exit_status = 5
