"""What an agent is asked, and by whom.

wire        an agent's own words: raw JSON-RPC
subject     an agent that is asked: started, greeted, put prompts to
talks       what is asked of it while it lives
lives       how it begins and ends
hosted      the same agent as our users have it, by `AgentSession`
"""
