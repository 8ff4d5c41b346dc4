"""Complete, exact exports from OData and REST services, written as YAML jobs."""

from txojobs._version import __version__

__all__ = ["__version__"]
