"""The transparency report: numbers about a registry's own work, counted from the entries of its log and nothing else.

`numbers` says what is counted, `count` counts, `from_log` reads a log that anybody has, `write` prints. The registry
counts the same way from its database, and a test holds that both give the same bytes.
"""
