"""What is said to people and machines: text, tracebacks, any value as JSON."""
