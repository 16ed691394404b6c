"""A report for people: tables, comparisons, curves, pictures.

May know the vocabulary at the top, what `measuring` leaves behind, and the goals of
`judging`, which are drawn. Must not know how a figure is measured. In reading order:

- `table`: what `run` shows
- `comparison`: two runs side by side; the lists of scenarios and of their terms
- `fairness`: what each contender sends, proves and waits for
- `curves`: how figures grow with size
- `plots`, `paint`: pictures, if matplotlib is there
"""
