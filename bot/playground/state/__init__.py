"""State of the playground: records, permissions, ids and the event bus."""
