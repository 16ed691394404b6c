"""What a service gives to be looked at: its shapes, and what may be done with it."""
