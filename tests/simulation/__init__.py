"""The whole daemon in a seeded world: a small internet on a simulated network under trio's MockClock."""
