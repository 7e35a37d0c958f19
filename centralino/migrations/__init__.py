"""Alembic's environment and revisions: the one history of the one database."""
