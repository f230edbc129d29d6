"""Benchmarks, each a command: what was measured, as ratios within one run."""
