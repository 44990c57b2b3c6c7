"""Numbered changes of the database, applied in order when the store is opened."""
