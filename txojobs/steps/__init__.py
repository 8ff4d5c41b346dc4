"""One file, one step type."""
