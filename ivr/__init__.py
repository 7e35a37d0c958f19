"""The phone scripts before an operator: greeting, menu, status by code, mailbox. Stasis application `ivr`."""
