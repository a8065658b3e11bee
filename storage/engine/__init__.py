"""DuckDB itself: connections, the lock, transactions, the schema, SQL from files."""
