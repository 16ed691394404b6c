"""Many nodes on one server, and everything that may happen to them.

    python -m benchmarks.chaos --minutes 10 --nodes 3

A server is started, and nodes as processes of their own; senders send prompts with ids
to any of them; nodes are killed and stopped, come and go, and the server is restarted
and away.  When all has come to rest, the store is read by plain SQL, and compared with
what senders were told and what turns have written down.  Whatever is wrong is named,
and the exit code is 1.  May know public names of ours, in `node` only.  In reading
order:

- `node`: a node, told what to do by lines
- `fleet`: the nodes, as processes
- `book`: what is known outside of the store
- `senders`: who sends, again if need be, and hears
- `mischief`: what is done to nodes and server
- `network`: a real network, in namespaces, where one is wanted
- `rows`: what the store has
- `checking`: what must be true then
- `play`: one run
- `report`: how it went
"""
