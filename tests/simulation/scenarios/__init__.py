"""The scenarios that other resolvers failed at, each as a test of the whole daemon; README.md has the list."""
