"""Elixir's supervisors and tasks: what its suites say beyond OTP's."""
