internal import Synchronization

/// What a server has to tell its operator about its listeners.
public enum ServerIncident: Sendable, Equatable {
  /// New certificates are in use; `endSeconds` since 1970 is when the server's own ends.
  case certificateLoaded(address: String, path: String, endSeconds: Int64)
  /// Files changed and are no good; the certificates before stay in use.
  case certificateRefused(address: String, reason: String)
  /// Connections that ended before they were secure.
  case handshakesFailed(address: String, reason: String, count: Int)
  /// Calls by somebody who is not on the listener's list.
  case callsRefused(address: String, caller: String, service: String, count: Int)
  /// More incidents than are told one by one.
  case more(count: Int)
}

/// Incidents that loops come across, gathered until somebody tells them: a loop never waits for a
/// log. Bounded: what is beyond the bound is counted.
final class Incidents: Sendable {
  /// Incidents of different kinds that are kept between two tellings.
  static let kindCountMax = 16

  enum Kind: Hashable {
    case handshakeFailed(listener: Int, reason: String)
    case callRefused(listener: Int, caller: String, service: String)
  }

  private struct State {
    var counts: [Kind: Int] = [:]
    var moreCount = 0
  }

  private let state = Mutex(State())

  /// Takes a lock: for what is rare, or at most once a connection.
  func note(_ kind: Kind) {
    state.withLock {
      if $0.counts[kind] != nil || $0.counts.count < Incidents.kindCountMax {
        $0.counts[kind, default: 0] += 1
      } else {
        $0.moreCount += 1
      }
    }
  }

  /// What has come since the last time.
  func collect(addresses: [String]) -> [ServerIncident] {
    let taken = state.withLock {
      let taken = $0
      $0 = State()
      return taken
    }
    var incidents = taken.counts.map { kind, count -> ServerIncident in
      switch kind {
      case .handshakeFailed(let listener, let reason):
        .handshakesFailed(address: addresses[listener], reason: reason, count: count)
      case .callRefused(let listener, let caller, let service):
        .callsRefused(
          address: addresses[listener], caller: caller, service: service, count: count)
      }
    }
    if taken.moreCount > 0 { incidents.append(.more(count: taken.moreCount)) }
    return incidents
  }
}
