"""A tree as a process: from loading it to the last line of its report.

`test_loading`, `test_serve`, `test_notify`, `test_process` (real processes and
signals), `test_last_resort`; then what it says: `test_logging`,
`test_progress`, `test_report`.
"""
