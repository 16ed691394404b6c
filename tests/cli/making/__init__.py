"""What is made of words: a new service, and what is wrong with a tree."""
