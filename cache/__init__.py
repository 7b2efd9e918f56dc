"""The data: what is known, until when, how much it may be believed. Imports nothing of resolver/ or internal_zones/."""
