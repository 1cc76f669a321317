"""What was found, shown: one file an output format, and the words and measures that they share.

Formats read `app/results.py` and `model/` only. None asks a clock: the same result gives the same bytes.
"""
