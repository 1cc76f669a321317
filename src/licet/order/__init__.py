"""Orders, checked: what may be ordered, by whom, and what a dry run shows. Pure: nothing here signs or does anything.

The same checks run where an order is drafted, where it is received, and again in the enforcer that trusts neither.
"""
