"""The gre recogniser against its vectors and the suite of all recognisers."""

from __future__ import annotations

from licet.recognise import gre
from suites.recogniser import RecogniserSuite


class TestGre(RecogniserSuite):
    recogniser = gre.RECOGNISER
    vectors = "gre"
