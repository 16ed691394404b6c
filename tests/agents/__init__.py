"""Agents that others wrote: one command installs one, runs it, and says what it does.

`python -m tests.agents NAME` takes an agent through the same situations as all others,
against a model on loopback that says what it is told to; `--list` has the names.  What
is found is data, in `results/`, and `docs/agents.md` is made from that.  In reading
order:

    model/        the scripted model, in the four APIs that agents use
    recipe        how an agent is had, started, and pointed at the model, as a value
    recipes       the agents that were tried
    installing    pinned, in a folder of its own
    asking/       what an agent is asked, by raw JSON-RPC and by `AgentSession`
    run           all of that, as one value
    page          the tables of the page
    own           a small agent of our own, of which all is known
    test_...      of the model, the page, the harness, and agents that are installed
"""
