"""What crashes, full disks, wrong clocks and changed files make of a store: `python -m benchmarks.faults`."""
