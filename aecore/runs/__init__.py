"""Run directories: the format, the state of a run, summaries, notes, archives, the trash."""
