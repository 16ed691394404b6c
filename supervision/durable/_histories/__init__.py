"""Histories that a store has: read page by page, written with a turn's commit.

May know what a store is told, and how a conversation sees its history; must not know a
router's parts.  Nothing of a history is in memory but its first and last number.

    log    `StoredLog`: what a router has of one key's
"""
