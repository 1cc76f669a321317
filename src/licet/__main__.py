"""`python -m licet` is the command `licet`."""

from licet.cli.main import run

run()
