"""Who waits, which operator is free, who is next, and what a caller in line hears; and what the fallback needs to know of it."""
