"""A package, so that `tests` is this folder whatever a library installs under the same name (pyodata does)."""
