"""What a registry publishes, held against the fold of its log (lifecycle §6, 12 and 14): `licet log verify
--published`."""
