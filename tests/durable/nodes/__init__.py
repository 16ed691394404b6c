"""Routers that share a store: a server in memory, and nodes that come, go and stall.

town         nodes on one server, each with a router in a system of its own
test_*       what must hold, by the numbers of the scenarios
"""
