"""What a store is told, what it answers, and what is said when it cannot: words.

Pure: nothing in this room knows Trio, SQL, a router or a codec.  In reading order:

    looks      keys as whoever looks sees them, held ones among them
    reminders histories journals   what is asked about them
    records    what is to be written, what is read, and what comes back
    policy     how much and how long: `StorePolicy`
    encoding   what a user says of the values that are kept
    errors     what goes wrong, and what to do about it
    events     what is told of a store
    opened     an opened store, as the writer sees it
    rules      what every store keeps to
"""
