"""Talk to people: one file per command."""
