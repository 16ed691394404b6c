"""The history of a conversation: its draft and its log alone, and what turns see.

`test_draft`: numbers and changes, pure; `test_history`: a router in memory.  With a
store: `tests/durable/keeping/test_histories`.
"""
