"""The written channels. Today: letters to requesters go out by SMTP."""
