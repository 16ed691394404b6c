"""How prompts, turns and messages become spans.

Spans are made by the API of OpenTelemetry, whose methods do not raise; a provider of
somebody's own may, so nothing of it reaches a decision.  A router that is followed has
its turns made of another class; of one that is not, nothing is asked and nothing is
called.  In reading order:

    names       the words of the conventions, and ours
    ends        what an outcome, or an exception, is to a span
    carrying    whose trace a prompt is in
    runs        a turn that has a span
    prompts     the prompts and turns of one router
    messages    those of actors
    tracing     all of a system
    calls       inside of a turn: a call of a model, a tool
    logs        which trace a line of the log belongs to
"""
