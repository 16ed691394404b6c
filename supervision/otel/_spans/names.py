"""The names of attributes: OpenTelemetry's conventions, written out, and ours.

The conventions for messaging and for generative AI are in development.  Their package
of constants is not used: it has moved those of generative AI away once already.
"""

from __future__ import annotations

from typing import Final

SCOPE: Final = "supervision.otel"
"""Name of the tracer."""

# messaging
SYSTEM: Final = "messaging.system"
OPERATION: Final = "messaging.operation.name"
OPERATION_TYPE: Final = "messaging.operation.type"
DESTINATION: Final = "messaging.destination.name"
TEMPLATE: Final = "messaging.destination.template"
MESSAGE: Final = "messaging.message.id"
BATCH: Final = "messaging.batch.message_count"

# generative AI
GEN_OPERATION: Final = "gen_ai.operation.name"
CONVERSATION: Final = "gen_ai.conversation.id"
AGENT: Final = "gen_ai.agent.name"
PROVIDER: Final = "gen_ai.provider.name"
REQUEST_MODEL: Final = "gen_ai.request.model"
RESPONSE_MODEL: Final = "gen_ai.response.model"
RESPONSE_ID: Final = "gen_ai.response.id"
FINISH_REASONS: Final = "gen_ai.response.finish_reasons"
INPUT_TOKENS: Final = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS: Final = "gen_ai.usage.output_tokens"
TOOL: Final = "gen_ai.tool.name"
TOOL_CALL: Final = "gen_ai.tool.call.id"

ERROR_TYPE: Final = "error.type"

# ours
US: Final = "actors"
"""The value of `SYSTEM`."""
TURN: Final = "actors.turn.id"
ATTEMPT: Final = "actors.turn.attempt"
ASIDE: Final = "actors.turn.aside"
CHUNKS: Final = "actors.turn.chunks"
WAITED: Final = "actors.prompt.waited"
OUTCOME: Final = "actors.outcome"
LATE: Final = "actors.outcome.late"
STEERED: Final = "actors.steered"
