"""What a test makes itself, where a program is given it by a router.

receipt     settled_receipt: a receipt that has its outcome
"""
