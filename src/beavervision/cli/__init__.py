"""The command line: one file a verb, sweeps, exit codes."""
