"""The work: listening, resolving, explaining."""
