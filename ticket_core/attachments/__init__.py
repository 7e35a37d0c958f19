"""Attachments of practices: what may come in, where the content is kept, which practice it belongs to."""
