#!/usr/bin/env bash
# Copilot CLI from npm: terminated and reaped, `copilot --acp` still opens sessions.
#
# An agent that speaks the Agent Client Protocol is a child process with two pipes.  The
# guess is that it has gone when SIGTERM was sent and `wait()` has returned: -15, so every
# library says that the process has ended.  What npm installs as `copilot` is a launcher
# that starts the real program with its own pipes inherited, and does not pass signals
# on.  The launcher goes; the agent has both pipes, lives on, and answers: here it opens a
# session for a client whose process is dead.  It ends at the end of its input, or with its
# process group.  (The same with @qwen-code/qwen-code 0.24.4.)
#
# Seen with @github/copilot 1.0.102, Node.js 20:
#
#     initialize: answered by protocol version 1
#     SIGTERM, wait(): -15
#     session/new, two seconds later: a session
#     its input is closed: its output ends
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --prefix "$work" --ignore-scripts @github/copilot@1.0.102
mkdir "$work/home" "$work/project"
# no login, no network, and no model: none is asked
export HOME=$work/home COPILOT_OFFLINE=true COPILOT_MODEL=none
export COPILOT_PROVIDER_BASE_URL=http://127.0.0.1:9/v1 COPILOT_PROVIDER_API_KEY=dummy
"$work/node_modules/.bin/copilot" --version

python3 - "$work" <<'PY'
import json, signal, subprocess, sys, time

work = sys.argv[1]
pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
command = [f"{work}/node_modules/.bin/copilot", "--acp"]
agent = subprocess.Popen(command, cwd=f"{work}/project", **pipes)


def call(number, method, **params):
    line = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
    agent.stdin.write(json.dumps(line).encode() + b"\n")
    agent.stdin.flush()
    for line in agent.stdout:
        message = json.loads(line)
        if message.get("id") == number and "method" not in message:
            return message["result"]
    return {}


hello = call(1, "initialize", protocolVersion=1, clientCapabilities={})
print("initialize: answered by protocol version", hello["protocolVersion"])
agent.send_signal(signal.SIGTERM)
code = agent.wait(30)
print("SIGTERM, wait():", code)
time.sleep(2)
try:
    opened = call(2, "session/new", cwd=f"{work}/project", mcpServers=[])
except BrokenPipeError:
    opened = {}
there = "sessionId" in opened
print("session/new, two seconds later:", "a session" if there else "nobody is there")
agent.stdin.close()
agent.stdout.read()
print("its input is closed: its output ends")
sys.exit(not (code == -signal.SIGTERM and there))
PY
