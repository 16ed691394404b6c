"""Answers that outlive their process: what keeps the chunks of a `Journal`.

May know what a store is told and answers, what makes bytes of a chunk, and the streams
of sessions; must not know who takes part in a turn.  In reading order:

    blocks      chunks as one body
    journal     of one prompt: what is on its way, what is read again
    journals    of a router: which are to be written, and whose answer is read again

A chunk goes to its readers at once, and into the journal of its prompt.  What has come
is written in one block after `journal_every` seconds, or `journal_bytes`, or with the
end of the turn, in front of it: there is no outcome without its answer.
"""
