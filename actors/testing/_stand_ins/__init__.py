"""What a test makes itself, where a program is given it by a router.

None of it needs a system:

    receipt     settled_receipt: a receipt that has its outcome
"""
