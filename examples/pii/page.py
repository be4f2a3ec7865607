"""A page of 100 events with personal data: one request asks what may be seen, the rest is masked.

usage: page.py PRINCIPAL [ADDRESS]      (127.0.0.1:7070 or unix:/path/to/socket)
"""

import sys

import grpc
from verdict.v1 import verdict_pb2 as v
from verdict.v1 import verdict_pb2_grpc

# All permissions on payload data; a page that shows less asks for less.
PERMISSIONS = [
    "event_stream_source_live_events", "destination_live_events", "destination_failure_samples",
    "destination_data_access", "table_live_events", "sql_model_live_events",
    "audience_live_events", "reverse_etl_sync_failure_samples", "transformation_live_events",
    "transformation_failure_samples", "tracking_plan_violations",
]  # fmt: skip
# What a row shows: where it lies, and which permission opens it.
ROWS = [
    {
        "kind": kind,
        "id": f"{letter}{i % 3 + 1}",
        "permission": permission,
        "payload": {"email": f"customer{i}@example.com"},
    }
    for i in range(50)
    for kind, letter, permission in (
        ("event_stream_source", "S", "event_stream_source_live_events"),
        ("destination", "D", "destination_failure_samples"),
    )
]


def visible(stub, principal, rows):
    """For each row: may the principal see its payload? One request, whatever the page."""
    kinds = sorted({row["kind"] for row in rows})
    ids = {kind: [row["id"].encode() for row in rows if row["kind"] == kind] for kind in kinds}
    blocks = [
        v.VisibilityBlock(
            resource_type=kind,
            ids=v.Ids(data=b"".join(ids[kind]), lengths=bytes(map(len, ids[kind]))),
        )
        for kind in kinds
    ]
    answer = stub.CheckVisibility(
        v.CheckVisibilityRequest(
            organization="acme", workspace="prod", principals=[principal],
            permissions=PERMISSIONS, blocks=blocks,
        ), timeout=1,
    )  # fmt: skip
    seen, result = dict.fromkeys(kinds, 0), []
    for row in rows:
        kind, place = row["kind"], seen[row["kind"]]
        seen[kind] += 1
        bits = answer.visible[PERMISSIONS.index(row["permission"]) * len(kinds) + kinds.index(kind)]
        # No bit is no permission: a short answer hides.
        result.append(place // 8 < len(bits) and bits[place // 8] >> place % 8 & 1 == 1)
    return result


def main(principal, address="127.0.0.1:7070"):
    stub = verdict_pb2_grpc.DecisionServiceStub(grpc.insecure_channel(address))
    for row, is_visible in zip(ROWS, visible(stub, principal, ROWS)):
        payload = row["payload"] if is_visible else {name: "***" for name in row["payload"]}
        print(row["kind"], row["id"], row["permission"], payload)


if __name__ == "__main__":
    main(*sys.argv[1:])
