"""The ah recogniser against its vectors and the suite of all recognisers."""

from __future__ import annotations

from licet.recognise import ah
from suites.recogniser import RecogniserSuite


class TestAh(RecogniserSuite):
    recogniser = ah.RECOGNISER
    vectors = "ah"
