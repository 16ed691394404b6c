"""Conversations here and in other runtimes: what is counted, and how it is shown."""
