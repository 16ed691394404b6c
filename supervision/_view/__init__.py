"""What a running service gives to be looked at, and what it lets others do with it.

May know actors, supervisors and routers; must not know the service whose view it is,
HTTP, or who draws.  What is said here goes over the control socket as it is.  In
reading order:

    shapes errors   what is shown, as JSON, and why it is not
    process         what the process takes of the machine
    actors sessions trees and sessions, cut to what fits
    stored/         what is in stores, and the nodes that share them
    limits          of a router, changed by their names
    values frames stacks        where somebody stands: any value, frames, turns
    looking         everything there is to see
    view            and to do
"""
