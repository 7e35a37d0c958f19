"""The guard: a process that speaks AMI only, sees what is dead or frozen, and does something about it."""
