"""The stores alone: batches in, answers out, and what is there afterwards.

`bench`: how the tests speak to a store. `test_records`: what each record means, in
both; `test_same`: random batches, in both; `test_faults`: how the one in memory fails;
`test_owner`, `test_wrong`, `test_copies`: the one in a file, `disk`: from outside.
"""
