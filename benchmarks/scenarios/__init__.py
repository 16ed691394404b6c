"""The standard set: what is measured, and ours.

May know `actors`, `supervision`, `run`, `scenario` and `load`. Must not know floors and
peers: they do the same work in folders of their own, under the scenarios' names. Each
module has the scenarios of one theme, with `ours` written as a user would write it. In
reading order:

- `standard`: the list of all
- `cast`: the actors that several share
- `messages/`: telling and asking, one actor or many, alone or beside others
- `lives/`: starting, ending, failing, supervised or not
- `sessions/`: prompts and turns, routed by key
- `services/`: a tree as a process, watched and stopped
"""
