"""The streams between turns and their readers: what is counted, and who is woken."""
