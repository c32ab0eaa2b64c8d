"""The client's side of the protocol without I/O: no sockets, no clock, no tasks."""
