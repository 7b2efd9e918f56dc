"""The daemon under attack, on a broken host and beside faults of its own: as a process, whatever the test calls the attack."""
