"""The enforcer as a use case: gather what is known, decide, show or apply; a service; and the switch.

`gather` reads; `licet.enforce.decide` decides; `cycle` shows and applies; `service` does so again and again.
"""
