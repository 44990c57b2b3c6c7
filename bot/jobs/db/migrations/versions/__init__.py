"""One module per change; released ones are never edited."""
