"""SQLAlchemy on both engines: statements, values, inserts and reflection."""
