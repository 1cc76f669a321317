"""Evidence, snapshot, policy and time to a verdict: pure, and anyone can compute it again (design §3, "Verdicts").

`judge` reads a tunnel against registries and answers with a `Verdict`. No clock, no file, no memory of earlier
verdicts: the same input gives the same answer, in whatever order the registries come.
"""

from licet.judge.judge import judge
from licet.judge.policy import Policy
from licet.judge.registry import INFORMS, PERMITS, Registry

__all__ = ["INFORMS", "PERMITS", "Policy", "Registry", "judge"]
