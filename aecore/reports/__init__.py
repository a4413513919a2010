"""The course reports: what each did, its claims against our measurements, its figures, the runs that ship."""
