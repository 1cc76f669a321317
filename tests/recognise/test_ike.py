"""The ike recogniser against its vectors and the suite of all recognisers."""

from __future__ import annotations

from licet.recognise import ike
from suites.recogniser import RecogniserSuite


class TestIke(RecogniserSuite):
    recogniser = ike.RECOGNISER
    vectors = "ike"
