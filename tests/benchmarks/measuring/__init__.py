"""How it measures: rounds, workers, stores, conditions."""
