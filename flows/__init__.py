"""WHO DOES WHAT, IN WHICH ORDER: one file for each mechanism, and the round of escalation."""
