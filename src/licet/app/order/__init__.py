"""`licet order`: drafting, running dry, signing and showing an order. A person does each; no step leads to the next."""
