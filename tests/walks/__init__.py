"""The ways of messages through the house: measured, and as the manual tells them.

`walking` measures a way, `ways` are those that are measured, `page` reads what
`docs/architecture.md` says of them; `test_page` holds the page to the house,
`test_walks` holds the ways to the page and to their limits.  `python -m tests.walks`
prints them.
"""
