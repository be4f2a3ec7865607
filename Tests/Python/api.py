"""The public API through grpcio, with a little help for columns."""

import pathlib
import sys
from dataclasses import dataclass

import grpc

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / ".work/stubs"))

from verdict.v1 import verdict_pb2 as pb  # noqa: E402
from verdict.v1 import verdict_pb2_grpc as rpc  # noqa: E402

ALLOW, DENY, INDETERMINATE = pb.EFFECT_ALLOW, pb.EFFECT_DENY, pb.EFFECT_INDETERMINATE
AUTHORIZE = "/verdict.v1.DecisionService/Authorize"


def channel(address):
    """A channel with a connection of its own."""
    return grpc.insecure_channel(
        address,
        options=[("grpc.use_local_subchannel_pool", 1), ("grpc.max_receive_message_length", -1)],
    )


@dataclass(frozen=True)
class Answer:
    """One check's answer, taken from the columns."""

    effect: int
    reason: str
    permission: str = ""
    operand: str = ""
    message: str = ""


def answers(response):
    """The columns as one `Answer` a check; asserts that the columns agree in length."""
    count = len(response.effects)
    assert len(response.reasons) == count
    missing = response.missing
    assert len(missing.permission_of) in (0, count)
    assert len(missing.operand_of) in (0, 2 * count)
    assert len(response.messages) in (0, count)

    def named(names, index):
        return names[index - 1] if index else ""

    result = []
    for i in range(count):
        reason = pb.Reason.Name(response.reasons[i]).removeprefix("REASON_").lower()
        permission = (
            named(missing.permissions, missing.permission_of[i]) if missing.permission_of else ""
        )
        operand = (
            named(missing.operands, int.from_bytes(missing.operand_of[2 * i : 2 * i + 2], "big"))
            if missing.operand_of
            else ""
        )
        message = response.messages[i] if response.messages else ""
        result.append(Answer(response.effects[i], reason, permission, operand, message))
    return result


def ids(values):
    """A list of ids as `Ids`; a missing one has length 0."""
    encoded = [(value or "").encode() for value in values]
    return pb.Ids(data=b"".join(encoded), lengths=bytes(map(len, encoded)))


def _dictionary(values):
    """A column's distinct values and one byte a row."""
    distinct = list(dict.fromkeys(value or "" for value in values))
    places = {value: place for place, value in enumerate(distinct)}
    if distinct == [""]:
        return [], b""
    return distinct, bytes(places[value or ""] for value in values)


def columns(checks):
    """Checks (as dictionaries like the JSON form) as columns."""

    def split(name):
        halves = [(check.get(name) or "").partition("/") for check in checks]
        return [half[0] for half in halves], [half[2] for half in halves]

    result = pb.CheckColumns(count=len(checks))

    def add(field, values):
        distinct, places = _dictionary(values)
        getattr(result, field + "s").extend(distinct)
        setattr(result, field + "_of", places)

    add("action", [check.get("action") for check in checks])
    for name in ("resource", "target"):
        kinds, of_kind = split(name)
        add(f"{name}_type", kinds)
        if any(of_kind):
            getattr(result, f"{name}_ids").CopyFrom(ids(of_kind))
    principals = [check.get("principal") for check in checks]
    if any(principals):
        result.principals.CopyFrom(ids(principals))
    workspaces = [check.get("workspace") for check in checks]
    if any(workspaces):
        add("workspace", workspaces)
    return result


class Client:
    """The stub and the two forms of asking."""

    def __init__(self, address, timeout=20):
        self.channel = channel(address)
        self.stub = rpc.DecisionServiceStub(self.channel)
        self.timeout = timeout

    def authorize(self, request):
        return self.stub.Authorize(request, timeout=self.timeout)

    def plain(self, checks, **defaults):
        request = pb.AuthorizeRequest(checks=[pb.Check(**check) for check in checks], **defaults)
        return answers(self.authorize(request))

    def columns(self, checks, **defaults):
        request = pb.AuthorizeRequest(columns=columns(checks), **defaults)
        return answers(self.authorize(request))

    def info(self):
        return self.stub.GetServerInfo(pb.GetServerInfoRequest(), timeout=self.timeout)

    def raw(self, method, body, timeout=20):
        """Any bytes to any method; what comes back as bytes."""
        return self.channel.unary_unary(method)(body, timeout=timeout)

    def close(self):
        self.channel.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
