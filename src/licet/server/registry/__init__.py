"""Organisations, services, endpoints, proofs, applications and registrations, and what may be done with them."""
