"""What everybody above says to people and machines, made safe: words, not sentences.

May know what an actor and an error of ours are; must not know services, nor who reads.
In reading order:

    text            strangers' text safe to print, numbers easy to read
    traceback       errors with the user's frames only
    plain           any value as JSON, bounded
"""
