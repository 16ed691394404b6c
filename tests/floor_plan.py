"""The floor plan: which rooms there are, and who may import whom.

One table, from the ground up: a row may name only rows above it, so there can be no
circle.  A room is a folder, or some files of one where that is more than one floor:
what actors and engine know of each other (`park`, `seat`) lies between the two.  What
is not in the table may not be imported.

After it comes what does not keep to the rules of the house yet.
"""

from __future__ import annotations

from typing import Final

from tests.house import Room

# {room: where it is, the rooms that it may import, the packages of others}
PLAN: Final = {
    # one actor, one conversation
    "park": Room(
        "actors/_engine: carrying checks explaining objects park",
        "",
        "attrs outcome trio",
    ),
    "words": Room(
        "actors: errors events exits mailbox messages ref snapshot",
        "park",
        "attrs trio",
    ),
    "seat": Room("actors/_engine: seat", "park words", "attrs"),
    "actor": Room("actors: actor", "park words seat", "trio"),
    "engine_ground": Room("actors/_engine: crashes hub timers", "words", "trio"),
    "cell_parts": Room(
        "actors/_engine/parts", "park words engine_ground", "attrs trio"
    ),
    "engine": Room("actors/_engine", "", ""),
    "cell": Room(
        "actors/_engine/cell",
        "park words seat actor engine_ground cell_parts",
        "trio",
    ),
    "workers": Room(
        "actors/_engine/workers",
        "park words engine_ground cell_parts cell",
        "trio",
    ),
    "conversation_words": Room(
        "actors/_sessions: events outcomes phase policies receipt sizes values",
        "park words",
        "attrs trio",
    ),
    "conversation_errors": Room(
        "actors/_sessions/errors", "words conversation_words", "trio"
    ),
    "histories": Room("actors/_sessions/histories", "park", "attrs trio"),
    "streams": Room(
        "actors/_sessions/streams",
        "park conversation_words conversation_errors",
        "outcome trio",
    ),
    "turns": Room(
        "actors/_sessions/turns",
        "park words seat actor engine_ground conversation_words conversation_errors"
        " histories",
        "attrs trio",
    ),
    "leaves": Room(
        "actors/_sessions/leaves",
        "park conversation_errors turns",
        "attrs",
    ),
    "sessions": Room(
        "actors/_sessions",
        "park words seat actor engine_ground conversation_words conversation_errors"
        " histories turns leaves",
        "trio typing_extensions",
    ),
    "actors": Room(
        "actors",
        "park words seat actor engine_ground cell workers conversation_words"
        " conversation_errors histories "
        "streams turns leaves sessions",
        "trio",
    ),
    "models": Room("actors/testing/_models", "actors", "attrs trio"),
    "stand_ins": Room("actors/testing/_stand_ins", "actors", ""),
    "testing": Room(
        "actors/testing", "park actors models stand_ins", "attrs pytest trio"
    ),
    # many actors
    "log": Room("supervision/_log", "actors", "attrs trio"),
    "metrics": Room("supervision/_metrics", "log", ""),
    "tree_words": Room(
        "supervision/_trees: calling errors policies requests spec", "actors", "attrs"
    ),
    "pure": Room("supervision/_trees/pure", "actors tree_words", "attrs"),
    "trees": Room("supervision/_trees", "actors log tree_words pure", "attrs trio"),
    "routing_words": Room(
        "supervision/_routing: errors limits reports", "actors tree_words", "attrs"
    ),
    "tokens": Room("supervision/_routing/tokens", "tree_words", ""),
    "node_words": Room("supervision/_routing/nodes: words", "actors", "attrs"),
    "routing_parts": Room("supervision/_routing/parts", "actors tree_words", "attrs"),
    "routing_beyond": Room(
        "supervision/_routing/core/beyond", "actors routing_parts", ""
    ),
    "routing_core": Room(
        "supervision/_routing/core",
        "actors routing_words tokens node_words routing_parts routing_beyond",
        "attrs trio",
    ),
    "nodes": Room(
        "supervision/_routing/nodes",
        "actors routing_words routing_parts routing_core",
        "trio",
    ),
    "routing": Room(
        "supervision/_routing",
        "actors log tree_words trees routing_words tokens node_words routing_parts"
        " routing_core nodes",
        "attrs trio",
    ),
    # what is accepted survives
    "store_words": Room(
        "supervision/durable/_words", "actors routing_words", "attrs msgspec trio"
    ),
    "sharing": Room("supervision/durable/_sharing", "actors store_words", "attrs"),
    "codec": Room(
        "supervision/durable/_codec",
        "actors tokens store_words",
        "attrs msgspec",
    ),
    "sealing": Room(
        "supervision/durable/_sealing", "actors store_words sharing codec", "attrs"
    ),
    "writing": Room(
        "supervision/durable/_writing", "actors store_words sharing", "trio"
    ),
    "stored_histories": Room(
        "supervision/durable/_histories",
        "actors store_words codec writing",
        "attrs trio",
    ),
    "journals": Room(
        "supervision/durable/_journals",
        "actors routing_core store_words codec writing",
        "msgspec",
    ),
    "keeping_ground": Room(
        "supervision/durable/_keeping/ground",
        "actors routing_words tokens routing_parts store_words sharing codec sealing"
        " writing stored_histories journals",
        "trio",
    ),
    "later": Room(
        "supervision/durable/_keeping/later",
        "actors routing_parts store_words writing stored_histories keeping_ground",
        "attrs",
    ),
    "shared": Room(
        "supervision/durable/_keeping/shared",
        "actors routing_words node_words routing_parts routing_core store_words sharing"
        " writing journals keeping_ground later",
        "attrs trio",
    ),
    "keeping": Room(
        "supervision/durable/_keeping",
        "actors routing_words node_words routing_parts routing_core store_words"
        " sharing codec writing keeping_ground later shared stored_histories journals",
        "trio",
    ),
    "memory_store": Room(
        "supervision/durable/_memory",
        "actors store_words sharing sealing keeping_ground keeping",
        "attrs trio",
    ),
    "store_threads": Room("supervision/durable/_threads", "", "attrs trio"),
    "sqlite_ground": Room("supervision/durable/_sqlite: sql", "", "apsw"),
    "sqlite_rows": Room(
        "supervision/durable/_sqlite/rows", "store_words sqlite_ground", ""
    ),
    "sqlite_store": Room(
        "supervision/durable/_sqlite",
        "tokens store_words sealing keeping store_threads sqlite_ground sqlite_rows",
        "apsw attrs trio",
    ),
    "postgres_rows": Room(
        "supervision/durable/_postgres/rows",
        "store_words sharing",
        "attrs msgspec",
    ),
    "postgres_carrying": Room(
        "supervision/durable/_postgres/carrying",
        "store_words sharing postgres_rows",
        "attrs",
    ),
    "postgres_ground": Room(
        "supervision/durable/_postgres: ending link target",
        "actors store_words store_threads postgres_rows",
        "psycopg trio",
    ),
    "postgres_nodes": Room(
        "supervision/durable/_postgres/nodes",
        "store_words sharing sealing store_threads postgres_rows postgres_ground",
        "msgspec psycopg trio",
    ),
    "postgres_store": Room(
        "supervision/durable/_postgres",
        "store_words sharing sealing keeping store_threads postgres_rows"
        " postgres_carrying postgres_ground postgres_nodes",
        "attrs trio",
    ),
    "moving": Room(
        "supervision/durable/_moving",
        "tokens store_words codec keeping_ground",
        "trio",
    ),
    "durable": Room(
        "supervision/durable",
        "store_words sharing memory_store sqlite_store postgres_store moving",
    ),
    # a tree as a process, and over HTTP
    "said": Room("supervision/_words", "actors tree_words", "outcome trio"),
    "view_words": Room(
        "supervision/_view: actors errors sessions shapes values",
        "actors trees pure routing_words routing_parts routing_core routing",
        "attrs trio",
    ),
    "view_stored": Room(
        "supervision/_view/stored",
        "actors tree_words routing_words node_words routing_core routing said"
        " view_words",
        "attrs trio",
    ),
    "view": Room(
        "supervision/_view",
        "actors metrics tree_words trees routing_words node_words routing_parts"
        " routing_core routing said view_words view_stored",
        "attrs trio",
    ),
    "endpoints": Room(
        "supervision/control/_endpoints",
        "actors log metrics said view_words view",
        "attrs starlette trio",
    ),
    "control": Room(
        "supervision/control", "log tree_words view endpoints", "hypercorn trio"
    ),
    "described": Room(
        "supervision/control/_described", "actors view_words view_stored view", "attrs"
    ),
    "terms": Room(
        "supervision/service/_terms", "actors metrics trees said", "attrs rich"
    ),
    "life": Room(
        "supervision/service/_life",
        "actors log metrics trees routing_words routing_core routing view_words view"
        " terms",
        "attrs trio",
    ),
    "process": Room(
        "supervision/service/_process", "log said terms", "attrs rich trio"
    ),
    "service": Room(
        "supervision/service",
        "actors tree_words said view_words view control terms life process",
        "attrs trio",
    ),
    "supervision": Room(
        "supervision",
        "actors log metrics tree_words trees routing_words tokens node_words nodes"
        " routing service",
        "trio",
    ),
    "http": Room("supervision: http", "actors routing_words routing", "starlette trio"),
    "spans": Room(
        "supervision/otel/_spans",
        "actors routing_core routing",
        "opentelemetry trio",
    ),
    "otel": Room("supervision/otel", "spans", ""),
    # a tree beside a program that is not Trio's
    "bridge_errors": Room("supervision/bridge: errors", "tree_words", ""),
    "wire": Room(
        "supervision/bridge/_wire",
        "actors terms routing service bridge_errors",
        "outcome trio",
    ),
    "blocking": Room(
        "supervision/bridge/_blocking",
        "actors words tree_words routing_words node_words routing service bridge_errors"
        " wire",
        "trio",
    ),
    "awaiting": Room(
        "supervision/bridge/_awaiting",
        "actors words tree_words routing_words node_words routing service bridge_errors"
        " wire blocking",
        "trio",
    ),
    "bridge": Room("supervision/bridge", "bridge_errors wire blocking awaiting", ""),
    # who asks a service, and what is drawn
    "client": Room(
        "supervision/client", "actors view_words view_stored view service", ""
    ),
    "drawing": Room("supervision/_drawing", "view_words", "attrs rich"),
    # a service to try, and the command
    "traffic": Room("supervision/demo/traffic", "actors supervision", "attrs trio"),
    "demo_tree": Room(
        "supervision/demo/_tree", "actors durable supervision traffic", "attrs trio"
    ),
    "playing": Room(
        "supervision/demo/_playing",
        "actors durable said view_words service supervision client drawing traffic"
        " demo_tree",
        "attrs rich trio",
    ),
    "demo": Room(
        "supervision/demo",
        "actors view_words service client drawing traffic demo_tree playing",
        "attrs rich trio",
    ),
    "commands": Room(
        "supervision/cli/_commands",
        "view_words view_stored view service client drawing",
        "rich",
    ),
    "live": Room(
        "supervision/cli/_live",
        "view_words service client drawing commands",
        "attrs rich trio",
    ),
    "check": Room(
        "supervision/cli/_check",
        "actors tree_words said trees routing_words routing store_words codec sealing"
        " service client drawing commands",
        "attrs rich",
    ),
    "new": Room("supervision/cli/_new", "service client", ""),
    "cli_words": Room(
        "supervision/cli: arguments making parser said values",
        "view_words view service client",
        "",
    ),
    "pages": Room("supervision/cli/_pages", "service demo cli_words", "attrs"),
    "cli": Room(
        "supervision/cli",
        "client drawing demo cli_words commands live check new",
        "",
    ),
    # agents that others wrote
    "pipe": Room("supervision/acp/_pipe", "actors supervision", "acp attrs trio"),
    "agent_words": Room("supervision/acp/_words", "pipe", "acp attrs pydantic"),
    "conversation": Room(
        "supervision/acp/_conversation",
        "actors pipe agent_words",
        "acp attrs pydantic trio",
    ),
    "agents": Room(
        "supervision/acp",
        "actors routing_words pipe agent_words conversation",
        "acp attrs trio",
    ),
}

# {class: why it has more than two ancestors of ours, and these too}
STILL_LADDERS: Final[dict[str, str]] = {}
# {folder: why it has more than a dozen files}
STILL_CROWDED: Final[dict[str, str]] = {}
