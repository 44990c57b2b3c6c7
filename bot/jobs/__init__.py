"""Durable jobs: states, queue, claims, outbox, retention, and the database under them."""
