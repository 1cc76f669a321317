"""How fast licet is, beside other readers of captures: seeded traces, fair pairs of runs, one page of figures.

`make bench` does all of it and writes docs/benchmarks.md. Nothing here is part of licet, and licet imports nothing of
it.
"""
