"""Scenarios in the .rpl format: ours on the simulated network, those of others against the daemon as a process."""
