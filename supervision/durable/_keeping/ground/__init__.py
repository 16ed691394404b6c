"""What stands under the parts that keep: values as bytes, places, the wall clock.

In reading order:

    wall       the clock of what outlives the process
    bodies     values as bytes, and back
    place      a prompt's place in the store, and what is known of keys that are there
"""
