"""Who may ask what, and which source answers it."""
