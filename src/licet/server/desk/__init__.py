"""The officers' desk: the queue, decisions, and what two must agree on."""
