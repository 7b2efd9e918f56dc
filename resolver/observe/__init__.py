"""How the daemon is seen from outside: its log, its counters, its health."""
