"""The examples are run, type-checked and looked at; the chat page also in a browser."""
