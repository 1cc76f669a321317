"""The use cases of the command line: the only room, beside the server, that knows several rooms."""
