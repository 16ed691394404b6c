"""What went wrong elsewhere, and what users of other frameworks complain about."""
