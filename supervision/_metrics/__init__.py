"""Numbers in the text format that Prometheus scrapes: the user's, and those measured.

Knows no actor and no service.  In reading order:

    text            names, labels and numbers as the format has them
    registry        counters, gauges, histograms, and the text of others
"""
