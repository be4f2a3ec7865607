"""The client: one connection, any number of threads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import grpc

from verdict.v1 import verdict_pb2 as pb
from verdict.v1 import verdict_pb2_grpc

from .answers import Answer, Answers, MalformedReply, Visibility
from .questions import Check, columns, ids
from .security import TLS

PLAIN_CHECKS = 32  # from more on, columns are smaller and quicker
CHECKS_MAX = 10_000
Request = TypeVar("Request")


class VerdictError(Exception):
    """There is no answer, and therefore no allow."""

    def __init__(self, code: grpc.StatusCode, details: str):
        super().__init__(f"{code.name}: {details}")
        self.code, self.details = code, details

    @property
    def is_worth_repeating(self) -> bool:
        """Whether the same question may be answered a moment later."""
        return self.code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED)


class Verdict:
    """Asks one server.

    It connects with the first question and again whenever the connection was lost, keeps one
    connection for all threads, and waits at most `timeout` seconds for an answer.
    """

    def __init__(
        self,
        address: str,
        *,
        organization: str = "",
        workspace: str = "",
        timeout: float = 1.0,
        tls: TLS | None = None,
    ):
        options: list[tuple[str, object]] = [
            # As many as any answer has.
            ("grpc.max_receive_message_length", 64 << 20),
            # Found again within a second after a restart, not after two minutes.
            ("grpc.initial_reconnect_backoff_ms", 100),
            ("grpc.max_reconnect_backoff_ms", 1_000),
        ]
        if tls is None:
            self._channel = grpc.insecure_channel(address, options=options)
        else:
            if tls.server_name:
                options.append(("grpc.ssl_target_name_override", tls.server_name))
            self._channel = grpc.secure_channel(address, tls.credentials(), options=options)
        self._stub = verdict_pb2_grpc.DecisionServiceStub(self._channel)
        self.organization, self.workspace, self.timeout = organization, workspace, timeout

    def allows(
        self,
        principal: str,
        action: str,
        resource: str = "",
        *,
        target: str = "",
        workspace: str | None = None,
    ) -> bool:
        """Whether a principal may do something. Raises where there is no answer."""
        return self.check(
            principal, action, resource, target=target, workspace=workspace
        ).is_allowed

    def check(
        self,
        principal: str,
        action: str,
        resource: str = "",
        *,
        target: str = "",
        workspace: str | None = None,
        message: bool = False,
    ) -> Answer:
        """The whole answer to one question."""
        asked = [Check(action, resource, target)]
        answers = self.authorize(
            asked, principal=principal, workspace=workspace, messages=message
        )
        return answers[0]

    def authorize(
        self,
        checks: Sequence[Check],
        *,
        principal: str = "",
        workspace: str | None = None,
        messages: bool = False,
        min_generation: int = 0,
    ) -> Answers:
        """Up to 10,000 checks, answered from one snapshot."""
        if not 0 < len(checks) <= CHECKS_MAX:
            raise ValueError(f"1 to {CHECKS_MAX} checks, not {len(checks)}")
        request = pb.AuthorizeRequest(
            organization=self.organization,
            principal=principal,
            workspace=self.workspace if workspace is None else workspace,
            want_messages=messages,
            min_generation=min_generation,
        )
        if len(checks) <= PLAIN_CHECKS:
            request.checks.extend(check.message() for check in checks)
        else:
            request.columns.CopyFrom(columns(checks))
        return self._answered(
            lambda: Answers.decode(checks, self._stub.Authorize(request, timeout=self.timeout))
        )

    def visibility(
        self,
        principals: Sequence[str],
        permissions: Sequence[str],
        resource_type: str,
        identifiers: Sequence[str],
        *,
        workspace: str | None = None,
    ) -> Visibility:
        """Which of these resources' data may these principals see?"""
        request = pb.CheckVisibilityRequest(
            organization=self.organization,
            workspace=self.workspace if workspace is None else workspace,
            principals=principals,
            permissions=permissions,
            blocks=[pb.VisibilityBlock(resource_type=resource_type, ids=ids(identifiers))],
        )

        def ask() -> Visibility:
            reply = self._stub.CheckVisibility(request, timeout=self.timeout)
            pairs = [(who, what) for who in principals for what in permissions]
            if len(reply.visible) != len(pairs):
                raise MalformedReply(f"visible: {len(reply.visible)} for {len(pairs)} pairs")
            visible = {}
            for pair, bits in zip(pairs, reply.visible):
                if len(bits) != (len(identifiers) + 7) // 8:
                    raise MalformedReply(f"visible: {len(bits)} bytes for {len(identifiers)} ids")
                visible[pair] = frozenset(
                    one for i, one in enumerate(identifiers) if bits[i // 8] >> i % 8 & 1
                )
            return Visibility(visible, reply.generation)

        return self._answered(ask)

    @staticmethod
    def _answered(ask):  # type: ignore[no-untyped-def]
        try:
            return ask()
        except MalformedReply as error:
            raise VerdictError(grpc.StatusCode.INTERNAL, str(error)) from error
        except grpc.RpcError as error:
            raise VerdictError(error.code(), error.details() or "") from None

    def close(self) -> None:
        self._channel.close()

    def __enter__(self) -> Verdict:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
