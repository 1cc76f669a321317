"""Faces of the command line: parse, call `app/`, print."""
