"""The Asterisk REST Interface over one websocket: what we send (`operations`), what we hear (`events`), the `client`, one `line`."""
