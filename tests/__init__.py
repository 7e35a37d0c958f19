"""The tests: unit (pure), contract (one suite, fake and real), integration (real services), acceptance (real calls)."""
