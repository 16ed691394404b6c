"""Turns as spans of OpenTelemetry.

In reading order:

scene           what the tests share: an exporter in memory, a session, a drawing
test_turns      a span for each turn, its status, its place in the tree
test_prompts    those that no turn ends; batches, steering, attempts
test_traces     whose trace: senders, threads, headers, stores
test_actors     those that are started are in none
test_messages   those of actors
test_calls      calls of models, tools; the log
test_elsewhere  over HTTP, on other nodes, in threads and tasks
test_strangers  providers whose spans raise, drop all, or hang
test_house      what is off, what is closed, what is refused
"""
