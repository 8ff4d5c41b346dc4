"""From YAML text to a checked job."""
