"""The database: engine, schema, rows, migrations."""
