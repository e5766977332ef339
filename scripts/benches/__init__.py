"""The benchmarks behind `scripts/bench.py`: ratios, measured side by side in one run."""
