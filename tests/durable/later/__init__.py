"""What turns leave for later: prompts for other keys, and reminders."""
