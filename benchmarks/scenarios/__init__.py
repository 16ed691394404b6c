"""The standard set: what is measured, and ours.

Each module has the scenarios of one theme, with `ours` written as a user would write
it; `cast.py`, `session_cast.py` and `service_cast.py` have the actors that several
share, `standard.py` has the list of all. Floors and peers do the same work in folders
of their own, under the scenarios' names; nothing here knows them.
"""
