"""The course reports: what each did, its claims beside our measurements, its figures, and the runs that ship."""
