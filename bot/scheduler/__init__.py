"""Whose turn it is: claim, heartbeat, recover, estimate."""
