"""The life of a session: reaping, crashes, recovery, shutdown, and what is left."""
