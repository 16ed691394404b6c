"""The how-to guides about operations and tests, tried."""
