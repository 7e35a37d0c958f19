"""Audio to text on the message, durably: the row is the truth, Redis the news, a child that can be killed decodes."""
