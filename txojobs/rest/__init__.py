"""The resilient REST and OData client."""
