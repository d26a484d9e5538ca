"""From a result to a stored page: what may be kept of it, and a look before it is."""
