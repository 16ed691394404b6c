"""The same over HTTP on a Unix socket: its answers, and what it withstands.

`test_socket`, `test_words` (the small rooms), `test_app`, `test_events`,
`test_metrics`, `test_attacks`; the `client` speaks HTTP by hand.
"""
