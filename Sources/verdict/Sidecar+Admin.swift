internal import VerdictAdmin
internal import VerdictControl
internal import VerdictCrypto
internal import VerdictLog
internal import VerdictModel
internal import VerdictServer
internal import VerdictSnapshot
internal import VerdictSystem

/// What the admin endpoint tells.
extension Sidecar {
  static func pages(
    _ server: Server, _ forwardAuth: ForwardAuthServer?, _ state: ServiceState,
    _ activation: Activation, _ board: PolicyBoard, _ log: DecisionLog?
  ) -> AdminEndpoint.Pages {
    AdminEndpoint.Pages(
      metrics: {
        server.metrics(
          board.status, activation.current, forwardAuth: forwardAuth, shadow: state.shadow,
          log: log?.status, limits: $0, version: state.version)
      },
      isReady: {
        activation.current != nil && !board.status.isClosed && !state.isDraining
      },
      info: {
        information(activation.current, board.status, state).line.utf8 + [UInt8(ascii: "\n")]
      })
  }

  /// The same as `GetServerInfo`.
  private static func information(
    _ set: LoadedSet?, _ status: PolicyStatus, _ state: ServiceState
  ) -> JSONValue {
    let age = max(0, status.ageSeconds ?? 0)
    let organizations = (set?.organizations ?? []).map { one in
      JSONValue.object([
        .init("organization", String(decoding: one.organization, as: UTF8.self)),
        .init("model", one.view.modelID.text),
        .init("snapshot_digest", one.digest.hex),
        .init("generation", .number(Int64(clamping: one.generation))),
        .init("age_seconds", .number(age)),
        .init("snapshot_byte_count", .number(Int64(one.byteCount))),
      ])
    }
    return .object([
      .init("version", state.version),
      .init("set_number", .number(Int64(clamping: set?.setNumber ?? 0))),
      .init("set_digest", status.setDigest?.hex ?? ""),
      .init("state", status.state.rawValue),
      .init("closed", .bool(status.isClosed)),
      .init("draining", .bool(state.isDraining)),
      .init("key_id", status.keyID ?? ""),
      .init("expires", time(status.expiresSeconds)),
      .init("last_success", time(status.lastSuccessSeconds)),
      .init("last_failure", time(status.lastFailureSeconds)),
      .init("last_failure_cause", status.lastFailure?.code.rawValue ?? ""),
      .init("last_failure_text", status.lastFailure?.description ?? ""),
      .init("organizations", .list(organizations)),
    ])
  }

  private static func time(_ seconds: Int64?) -> JSONValue {
    .text(seconds.map { ControlDirectory.time(ofSeconds: $0) } ?? "")
  }
}
