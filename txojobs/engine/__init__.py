"""Plan and run a job, and report on it."""
