"""The parts of `cistern demo`: a state database that changes, and a small internet to resolve."""
