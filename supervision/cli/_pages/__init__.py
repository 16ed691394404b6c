"""The pages of the command line, made from its definitions: a manual and a reference.

`python -m supervision.cli._pages docs` writes them; a test fails when they are stale.
May know the command line; nobody who runs a command comes here.  In reading order:

    reading         the parser as plain values, without argparse's way to write them
    status          every exit status: what it means, and what systemd is to do
    markdown        docs/reference/command-line.md, docs/reference/exit-codes.md
    manual          docs/actors.1, which `man actors` shows
"""
