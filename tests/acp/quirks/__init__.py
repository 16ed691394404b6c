"""How agents that others wrote differ, each a kind, played by a scripted one."""
