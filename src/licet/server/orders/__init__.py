"""Requests, orders and appeals: kept, moved along their tables, published. Nothing here drafts, signs or enforces."""
