internal import VerdictSystem
internal import VerdictTLS

/// What the listeners are secured with at the start.
struct ListenerSecurity: Sendable {
  /// By listener, then by loop; empty for plaintext.
  private let contexts: [[TLSContext]]
  /// By listener: what its files were before they were read.
  let seen: [[FileStatus?]]
  /// Whether anything is to be looked after while the server runs.
  let isWatched: Bool

  /// - Throws: what is wrong with which file.
  init(_ configuration: ServerConfiguration) throws(ServerError) {
    var contexts: [[TLSContext]] = []
    var seen: [[FileStatus?]] = []
    for listener in configuration.listeners {
      seen.append(listener.tls.map(ListenerWatch.look) ?? [])
      contexts.append(try listener.tls?.contexts(count: configuration.loopCount) ?? [])
    }
    self.contexts = contexts
    self.seen = seen
    isWatched = configuration.listeners.contains { $0.tls != nil || $0.callers != nil }
  }

  func contexts(ofLoop index: Int) -> [TLSContext?] {
    contexts.map { $0.isEmpty ? nil : $0[index] }
  }
}

extension ServerError {
  static func plaintext(_ address: SocketAddress) -> ServerError {
    ServerError(
      "`\(address)`: plaintext where other machines can listen in; give it a certificate "
        + "(--tls-certificate, --tls-key), or say --allow-plaintext")
  }
}
