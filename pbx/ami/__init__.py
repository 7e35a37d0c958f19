"""The Asterisk Manager Interface: what we ask of it, as frozen values, for whoever must not depend on ARI."""
