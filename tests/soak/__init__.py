"""`make soak`: a hostile mix for ten minutes, and a daemon that is the same after it."""
