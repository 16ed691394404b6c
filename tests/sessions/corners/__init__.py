"""Sessions and their turns in corners: what they say of themselves, refuse and outlast.

`test_said`: what they say; `test_refused`: what is refused, and by which words;
`test_outlasted`: ends that are slow, odd or both.
"""
