"""What is written down harms nobody: loggers, their stream, and real processes."""
