"""The way of a prompt: whose turn it is, places, slots, queues, steering."""
