"""What people do wrongly in their first week, and what they are told."""
