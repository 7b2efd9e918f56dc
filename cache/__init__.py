"""The data: what is known, until when, how much it is trusted. Imports nothing of resolver/ or internal_zones/."""
