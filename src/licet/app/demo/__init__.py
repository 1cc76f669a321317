"""What `licet demo` scans: a capture of real programs and the register of the office where it was taken."""
