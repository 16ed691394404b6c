"""A store on a PostgreSQL server, which nodes share: what it keeps to."""
