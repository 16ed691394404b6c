"""OTP's `gen_server_SUITE` and `supervisor_SUITE`, and rules that neither pins."""
