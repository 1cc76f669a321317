"""The esp recogniser against its vectors and the suite of all recognisers."""

from __future__ import annotations

from licet.recognise import esp
from suites.recogniser import RecogniserSuite


class TestEsp(RecogniserSuite):
    recogniser = esp.RECOGNISER
    vectors = "esp"
