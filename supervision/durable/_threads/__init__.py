"""Threads of stores: what may block is done there, and told in Trio's thread.

Knows neither SQL nor records.

    thread     jobs in, results out, in their order
"""
