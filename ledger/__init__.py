"""Every call and its steps, append-only. Talks to PostgreSQL."""
