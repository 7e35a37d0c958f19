"""What is measured beside its peer, on this machine, in one run: `python -m bench [NAME]`, `bench/out/report.json`."""
