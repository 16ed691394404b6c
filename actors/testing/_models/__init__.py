"""A model that says what a test has it say, and answers that were recorded.

It knows of no vendor's library, and of no session: whoever has a method `stream` can be
played by it.

    words       Model, Answer, Wait, Hold: what a script is made of
    calls       ModelCall: what was asked, and how much of the answer was taken
    scripted    ScriptedModel: plays a script, and complains
    plain       values as JSON, without the keys that are in them
    tape        Tape: records a model, and plays it again
"""
