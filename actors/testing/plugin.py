"""The pytest plugin: the command line option `--actors-seed`."""
