"""What a service says of itself in its `$metadata`: read, compared, and asked whether a job can be right.

`csdl` reads the document, `model` is what it becomes. Nothing here asks a service.
"""
