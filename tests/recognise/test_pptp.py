"""The pptp recogniser against its vectors and the suite of all recognisers."""

from __future__ import annotations

from licet.recognise import pptp
from suites.recogniser import RecogniserSuite


class TestPptp(RecogniserSuite):
    recogniser = pptp.RECOGNISER
    vectors = "pptp"
