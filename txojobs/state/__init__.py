"""What outlives a step or a run: locks, journals, spools."""
