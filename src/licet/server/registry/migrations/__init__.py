"""How the tables came about, step by step: each release's steps run when `licet serve` starts."""
