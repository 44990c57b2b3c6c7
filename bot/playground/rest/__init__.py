"""REST API v10: request parsing, rate limits and the routes."""
