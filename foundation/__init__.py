"""Mechanisms only: settings, logs, database session, message bus, clock, process life. Knows no other room."""
