"""A feature repository for Feast's own server, with the rows and the Redis of the benchmark of features."""
