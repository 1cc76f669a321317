"""The openvpn recogniser against its vectors and the suite of all recognisers."""

from __future__ import annotations

from licet.recognise import openvpn
from suites.recogniser import RecogniserSuite


class TestOpenvpn(RecogniserSuite):
    recogniser = openvpn.RECOGNISER
    vectors = "openvpn"
