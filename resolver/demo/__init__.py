"""The parts of `cistern demo`: a state database that changes, a small internet to resolve, and the tour of both."""
