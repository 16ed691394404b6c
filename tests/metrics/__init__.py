"""Numbers for who scrapes: `test_registry`; what is measured: `test_measures`."""
