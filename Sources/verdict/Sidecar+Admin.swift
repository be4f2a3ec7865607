internal import Synchronization
internal import VerdictAdmin
internal import VerdictControl
internal import VerdictCrypto
internal import VerdictModel
internal import VerdictServer
internal import VerdictSnapshot
internal import VerdictSystem

/// How sets have fared since the start, for metrics.
final class PolicyHistory: Sendable {
  private struct Counts {
    var activations: UInt64 = 0
    var failures: [ControlError.Code: UInt64] = [:]
  }

  private let counts = Mutex(Counts())

  func countActivation() { counts.withLock { $0.activations += 1 } }

  func count(_ error: ControlError) { counts.withLock { $0.failures[error.code, default: 0] += 1 } }

  /// With what is in force now.
  func metrics(_ active: LoadedSet?) -> PolicyMetrics {
    let counts = counts.withLock { $0 }
    var metrics = PolicyMetrics()
    metrics.activationCount = counts.activations
    metrics.failures = ControlError.Code.allCases.map {
      ($0.rawValue, counts.failures[$0, default: 0])
    }
    guard let active else { return metrics }
    metrics.setNumber = UInt64(active.setNumber)
    metrics.organizationCount = active.organizations.count
    metrics.snapshotByteCount = active.organizations.reduce(0) { $0 + $1.byteCount }
    metrics.createdSeconds = active.createdSeconds
    return metrics
  }
}

/// What the admin endpoint tells.
extension Sidecar {
  static func pages(
    _ server: Server, _ state: ServiceState, _ activation: Activation, _ history: PolicyHistory
  ) -> AdminEndpoint.Pages {
    AdminEndpoint.Pages(
      metrics: {
        server.metrics(history.metrics(activation.current), version: state.version)
      },
      isReady: { activation.current != nil && !state.isDraining },
      info: { information(activation.current, state).line.utf8 + [UInt8(ascii: "\n")] })
  }

  /// The same as `GetServerInfo`.
  private static func information(_ set: LoadedSet?, _ state: ServiceState) -> JSONValue {
    let now = SystemClock.realNanoseconds() / 1_000_000_000
    let organizations = (set?.organizations ?? []).map { one in
      JSONValue.object([
        .init("organization", String(decoding: one.organization, as: UTF8.self)),
        .init("model", one.view.modelID.text),
        .init("snapshot_digest", one.digest.hex),
        .init("generation", .number(Int64(clamping: one.generation))),
        .init("age_seconds", .number(max(0, now - (set?.createdSeconds ?? now)))),
        .init("snapshot_byte_count", .number(Int64(one.byteCount))),
      ])
    }
    return .object([
      .init("version", state.version),
      .init("set_number", .number(Int64(clamping: set?.setNumber ?? 0))),
      .init("draining", .bool(state.isDraining)),
      .init("organizations", .list(organizations)),
    ])
  }
}
