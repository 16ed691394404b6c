"""What others hold themselves to, as facts of ours.

`otp`, `elixir`, `pekko`, `rust`: the cases of our peers' own suites, named after them;
`complaints`: what their users complain about; `sessions`: what broke in systems that
run many conversations, a scenario a number. `test_every_case` and `test_every_scenario`
look that none is missing.
"""
