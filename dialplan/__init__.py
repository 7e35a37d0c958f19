"""Which number, at what hour, goes where: Asterisk contexts (`*.conf`) and the opening hours."""
