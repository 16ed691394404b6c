#!/usr/bin/env bash
# Gemini CLI: `session/load` of a session that is younger than its minute destroys it.
#
# An agent that says `loadSession: true` keeps a conversation beyond its process: the guess
# is that a client which starts the agent again, because it has ended or was ended, loads
# the session and goes on.  That holds, but not within the minute (of the clock on the
# wall) in which the session was begun.  The file of a session is named by the minute and
# the first eight characters of its id; the process that is to load it first begins a
# session of its own under the asked id, finds that there is such a file in this minute,
# and begins that anew.  Then it looks for the old conversation, and there is none: not now,
# and not later.  So the quickest recovery loses what a slower one would have kept.
#
# Seen with @google/gemini-cli 0.61.0, Node.js 20:
#
#     loaded in the next minute: ok, and the model is told of the quince
#     loaded in the same minute: error -32603 Internal error
#     and tried once more:       error -32603 Internal error
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --prefix "$work" --ignore-scripts @google/gemini-cli@0.61.0
mkdir -p "$work/home/.gemini" "$work/project"
echo '{"security": {"auth": {"selectedType": "gemini-api-key"}}}' \
  >"$work/home/.gemini/settings.json"
export HOME=$work/home GEMINI_API_KEY=dummy GEMINI_MODEL=gemini-2.5-flash
export HTTPS_PROXY=http://127.0.0.1:9 NO_PROXY=127.0.0.1
"$work/node_modules/.bin/gemini" --version

python3 - "$work" <<'PY'
import http.server, json, os, subprocess, sys, threading, time

work = sys.argv[1]
LINE = {"candidates": [{"content": {"role": "model", "parts": [{"text": "I will."}]},
                        "index": 0, "finishReason": "STOP"}]}


class Model(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        Model.asked = self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        self.wfile.write(b"data: " + json.dumps(LINE).encode() + b"\n\n")

    def log_message(self, *_):
        pass


model = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Model)
threading.Thread(target=model.serve_forever, daemon=True).start()
os.environ["GOOGLE_GEMINI_BASE_URL"] = f"http://127.0.0.1:{model.server_port}"


class Agent:
    def __enter__(self):
        command = [f"{work}/node_modules/.bin/gemini", "--acp"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.process = subprocess.Popen(
            command, cwd=f"{work}/project", stderr=subprocess.DEVNULL, **pipes
        )
        self.count = 0
        self.call("initialize", protocolVersion=1, clientCapabilities={})
        return self

    def __exit__(self, *_):
        self.process.stdin.close()  # it is idle: it ends by itself, in order
        self.process.wait(60)

    def call(self, method, **params):
        self.count += 1
        line = {"jsonrpc": "2.0", "id": self.count, "method": method, "params": params}
        self.process.stdin.write(json.dumps(line).encode() + b"\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            message = json.loads(line)
            if message.get("id") == self.count and "method" not in message:
                return message
        raise SystemExit("the agent has gone")


WHERE = {"cwd": f"{work}/project", "mcpServers": []}


def begin():
    with Agent() as agent:
        time.sleep(61 - time.time() % 60)  # the minute is young
        session = agent.call("session/new", **WHERE)["result"]["sessionId"]
        prompt = [{"type": "text", "text": "Please remember the word quince."}]
        ended = agent.call("session/prompt", sessionId=session, prompt=prompt)
        assert ended["result"]["stopReason"] == "end_turn", ended
        return session, time.time() // 60


def load(agent, session):
    answer = agent.call("session/load", sessionId=session, **WHERE)
    if "error" in answer:
        return f"error {answer['error']['code']} {answer['error']['message']}"
    prompt = [{"type": "text", "text": "Which word?"}]
    agent.call("session/prompt", sessionId=session, prompt=prompt)
    known = b"quince" in Model.asked
    return f"ok, and the model is {'told' if known else 'not told'} of the quince"


def load_later(session):
    time.sleep(61 - time.time() % 60)
    with Agent() as agent:
        return load(agent, session)


session, _ = begin()
later = load_later(session)
print("loaded in the next minute:", later)
with Agent() as second:  # it waits until the first has ended, in order
    session, minute = begin()
    soon = load(second, session)
    assert time.time() // 60 == minute, "this machine is too slow for the same minute"
print("loaded in the same minute:", soon)
again = load_later(session)
print("and tried once more:      ", again)
lost = "error -32603"
sys.exit(not ("is told" in later and soon.startswith(lost) and again.startswith(lost)))
PY
