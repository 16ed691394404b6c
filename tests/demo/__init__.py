"""The service to try: its plan, its tree, what it shows, and the whole as a process."""
