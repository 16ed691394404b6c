"""`actors.testing`: each tool does what it says, and each can fail."""
