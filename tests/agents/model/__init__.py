"""A model that says what a prompt tells it to: a server on loopback, without a network.

script      what is asked, and what is answered: `[[say a b]]`, `[[shell date]]`
tools       which of the tools that an agent offers is the shell, and its arguments
dialects    the four ways in which agents ask models, and the list of them
openai      chat completions, and responses
anthropic   messages
google      generateContent, and its stream
server      all of them on one port; every request is logged
"""
