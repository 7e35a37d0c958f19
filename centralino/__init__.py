"""The command line, the platform on one machine, and the wiring of every room."""
