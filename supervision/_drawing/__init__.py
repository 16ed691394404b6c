"""What is drawn of a service for a person, from what it said.  Pure, with `rich`.

May know the shapes of `supervision._view`; must not know sockets, clients, commands or
where it is shown: the commands and the demo both draw with it.  In reading order:

    text look       numbers and names for a person; what is wrong, and its colour
    columns         tables without lines
    tree_rows session_rows      the tree and the sessions as rows
    events                      events as lines
    stack_lines                 where somebody stands, as lines
    rates head frame            one picture of a service
    panel           the live view: what it shows, and what a key does to it
    picture         anything drawn, as an SVG
"""
