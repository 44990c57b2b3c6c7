"""Durable jobs: their states, their pictures, and what must still be said of them."""
