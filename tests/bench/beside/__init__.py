"""What does somebody wait at a server while others do something to it? Measured in slices of time, of ours and of unbound."""
