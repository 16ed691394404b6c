"""How a router with a store ends: everybody is told, and the store is free."""
