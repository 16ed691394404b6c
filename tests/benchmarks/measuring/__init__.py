"""How it is measured: rounds, reports and their files, interpreters."""
