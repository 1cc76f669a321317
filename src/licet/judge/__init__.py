"""Evidence, snapshot, policy and time to a verdict: pure, and anyone can compute it again."""
