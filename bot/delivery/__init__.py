"""What the channel gets to see: one card per job, and the final picture exactly once."""
