"""How dates are written: in words, as people say them. A language without a file here follows Django's."""
