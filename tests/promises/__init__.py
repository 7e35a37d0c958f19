"""What is promised to callers, by which test, and how that test ended last: collected in every run, written to docs/promises.md."""
