"""Numbers in the text format that Prometheus scrapes: the user's, and those measured.

Knows no actor and no service.  In reading order:

    text            names, labels and numbers as the format has them
    kinds           counters, gauges, histograms
    registry        all of them by their names, and the text of others
"""
