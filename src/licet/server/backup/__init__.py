"""Backups of the registry: one file, whole or not at all, that can be restored in SQLite and in PostgreSQL."""
