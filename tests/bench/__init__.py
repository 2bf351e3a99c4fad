"""Benchmarks: no tests, they time. Each prints a table and writes ``var/bench/NAME.json``."""
