"""What a service gives to be looked at: its shapes, and any value as JSON."""
