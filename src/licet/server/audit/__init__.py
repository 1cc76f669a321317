"""The audit face: the log, browsed, verified and followed, and the report that anybody can compute again."""
