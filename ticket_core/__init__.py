"""Practices and messages: codes, states, terms, history. Talks to PostgreSQL."""
