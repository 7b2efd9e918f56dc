"""What everybody can send us, put together at random: `make fuzz`."""
