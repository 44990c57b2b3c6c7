"""`stylize`: from what a member sends to a validated request."""
