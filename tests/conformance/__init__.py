"""The test cases that other actor frameworks hold themselves to, as facts of ours."""
