"""The examples that call models and tools of others, each at a script of the tests."""
