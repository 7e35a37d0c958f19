"""What a request is about: topics, municipalities, and the events (an earthquake, a flood) that many requests share."""
