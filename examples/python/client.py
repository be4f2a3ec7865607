"""Ask a running Verdict two questions: may Mia do this, and whose data may she see?

usage: client.py [ADDRESS]      (127.0.0.1:7070 or unix:/path/to/socket)
"""

import sys

import grpc
from verdict.v1 import verdict_pb2 as v
from verdict.v1 import verdict_pb2_grpc

channel = grpc.insecure_channel(sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:7070")
verdict = verdict_pb2_grpc.DecisionServiceStub(channel)
who = {"organization": "acme", "workspace": "prod"}

# One answer for each check, in order. A deny is an answer; only a fault is an exception.
checks = [
    v.Check(action="edit", resource="event_stream_source/S1"),
    v.Check(action="connect", resource="event_stream_source/S1", target="destination/D3"),
]
answer = verdict.Authorize(
    v.AuthorizeRequest(principal="user:mia", checks=checks, want_messages=True, **who), timeout=1
)
for check, effect, message in zip(checks, answer.effects, answer.messages):
    name = v.Effect.Name(effect).removeprefix("EFFECT_")
    print(f"{name} {check.action} {check.resource} {check.target}: {message}")

# One bit for each id: 1 only where she may see the data.
sources = [b"S1", b"S2", b"S3"]
block = v.VisibilityBlock(
    resource_type="event_stream_source",
    ids=v.Ids(data=b"".join(sources), lengths=bytes(map(len, sources))),
)
page = verdict.CheckVisibility(
    v.CheckVisibilityRequest(
        principals=["mia"], permissions=["event_stream_source_live_events"], blocks=[block], **who
    ),
    timeout=1,
)
for i, source in enumerate(sources):
    bit = page.visible[0][i // 8] >> i % 8 & 1
    print("live events of", source.decode(), "are", "visible" if bit else "hidden")
