"""Who waits and who is free. Until the queue exists: the operators on duty, and what the fallback needs to know of them."""
