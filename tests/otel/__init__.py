"""Turns as spans of OpenTelemetry.

In reading order:

scene           what the tests share: an exporter in memory, a session, a drawing
test_turns      a span for each turn, its status, its place in the tree
test_prompts    those that no turn ends; batches, steering, attempts
test_traces     whose trace: senders, threads, headers, stores, fresh actors
test_messages   those of actors
test_calls      calls of models, tools; the log
test_house      what is off, what is closed, what is refused
"""
