"""Messages and reactions: parsing, validation and changes."""
