"""The attacks that recursive servers have met, each as a test of the whole daemon: what it costs, and what others notice."""
