"""Pekko's specifications of actors, timers, watches and supervision."""
