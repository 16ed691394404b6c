"""Files that come and go: tokens that move into a store, a disk that is full."""
