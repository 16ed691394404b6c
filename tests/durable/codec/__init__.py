"""Values as bytes, and back.

asking      the classes of these tests, and what "the same" means
"""
