"""The bench harness, tested: its commands, its figures, its peers."""
