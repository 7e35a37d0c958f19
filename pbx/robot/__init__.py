"""Robot phones: real SIP calls from a second Asterisk, with an ear that recognises prompts, a mouth and fingers."""
