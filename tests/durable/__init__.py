"""Stores: what is accepted survives.

`codec`: values as bytes, and back. `store`: what a store does with records, in memory
and in a file. `keeping`: a router with a store. `kills`: processes that die at every
point of it.
"""
