"""What the compiled core is measured against: ``python -m benchmarks``; see ``docs/benchmarks.md``."""
