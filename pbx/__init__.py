"""Our typed view of Asterisk: `ari/` (events and REST over one websocket) and the robot phones' driver."""
