"""Scenarios with many nodes, and peers that keep turns."""
