"""What was kept elsewhere comes into a store.

May know a store's words and its codec, and a router's tokens; must not know a router.

    tokens     `move_tokens`: what sessions have bound
"""
