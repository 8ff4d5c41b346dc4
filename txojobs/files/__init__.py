"""From file extension to format, and from a temporary file to its final name."""
