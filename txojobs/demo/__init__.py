"""The embedded demo service."""
