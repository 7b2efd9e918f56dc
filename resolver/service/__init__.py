"""Where clients ask: UDP and TCP, the answers that need no waiting, and the bounds on those that do."""
