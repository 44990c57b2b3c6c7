"""The chat page: its HTTP calls, its live updates and its files."""
