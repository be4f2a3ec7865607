internal import Logging
internal import Synchronization
internal import VerdictSystem

/// What has started the process and watches over it, where that is systemd or speaks like it.
///
/// | Told | When |
/// |---|---|
/// | `READY=1` | it listens, and policies are in force: verified, and warm |
/// | `RELOADING=1`, then `READY=1` | SIGHUP, until the new look at the policies is over |
/// | `STATUS=` | what a person would like to read in `systemctl status` |
/// | `WATCHDOG=1` | twice in each interval of the watchdog, while every event loop turns |
/// | `STOPPING=1` | it drains |
final class Supervisor: Sendable {
  private struct State {
    var isListening = false
    /// Of the policies in force.
    var status: String?
    var isReady = false
    /// Whether a failure to tell was logged; one is enough.
    var hasFailed = false
  }

  private let socket: NotificationSocket?
  private let state = Mutex(State())
  private let logger: Logger
  /// How often it wants to hear that all is well, nil: never.
  let pulseNanoseconds: UInt64?

  /// - Throws: for a `NOTIFY_SOCKET` that is no address.
  init(_ logger: Logger) throws(SystemError) {
    self.logger = logger
    if let name = ProcessEnvironment.text("NOTIFY_SOCKET") {
      socket = try NotificationSocket(name: name)
    } else {
      socket = nil
    }
    let isOurs = ProcessEnvironment.text("WATCHDOG_PID").map {
      $0 == "\(ProcessEnvironment.processID)"
    }
    let microseconds = ProcessEnvironment.text("WATCHDOG_USEC").flatMap(UInt64.init) ?? 0
    // Half an interval: one pulse may come late. Bounded, so that the product can't overflow.
    let half = min(microseconds, 1 << 40) * 1_000 / 2
    pulseNanoseconds = half > 0 && isOurs ?? true ? max(half, 1_000_000) : nil
  }

  /// The server listens.
  func listens() {
    state.withLock {
      $0.isListening = true
      if $0.status == nil { tell(["STATUS=waiting for policies"], &$0) }
      tellReady(&$0)
    }
  }

  /// Policies are in force.
  func isActive(_ status: String) {
    state.withLock {
      $0.status = status
      if $0.isReady { tell(["STATUS=\(status)"], &$0) } else { tellReady(&$0) }
    }
  }

  private func tellReady(_ state: inout State) {
    guard state.isListening, !state.isReady, let status = state.status else { return }
    state.isReady = true
    tell(["READY=1", "STATUS=\(status)"], &state)
  }

  /// A look at the policies was asked for.
  func reloads() {
    state.withLock {
      guard $0.isReady else { return }
      let now = SystemClock.monotonicNanoseconds() / 1_000
      tell(["RELOADING=1", "MONOTONIC_USEC=\(now)"], &$0)
    }
  }

  /// The look is over, whatever it has found.
  func hasReloaded() {
    state.withLock { if $0.isReady { tell(["READY=1"], &$0) } }
  }

  /// All is well.
  func pulses() { state.withLock { tell(["WATCHDOG=1"], &$0) } }

  func stops() { state.withLock { tell(["STOPPING=1", "STATUS=draining"], &$0) } }

  private func tell(_ lines: [String], _ state: inout State) {
    do throws(SystemError) {
      try socket?.send(lines.joined(separator: "\n"))
    } catch {
      if !state.hasFailed {
        logger.warning("can't reach the supervisor", metadata: ["error": "\(error)"])
      }
      state.hasFailed = true
    }
  }
}

/// When the next pulse is due.
struct Pulse {
  private let interval: UInt64?
  private var dueNanoseconds: UInt64

  init(everyNanoseconds interval: UInt64?) {
    self.interval = interval
    dueNanoseconds = 0
  }

  /// How long to wait for it; nil: without end.
  var timeoutMilliseconds: Int32? {
    guard interval != nil else { return nil }
    let now = SystemClock.monotonicNanoseconds()
    guard dueNanoseconds > now else { return 0 }
    return Int32(min((dueNanoseconds - now) / 1_000_000 + 1, 60_000))
  }

  /// Whether it is time; if so, the next one is due an interval later.
  mutating func isDue() -> Bool {
    guard let interval else { return false }
    let now = SystemClock.monotonicNanoseconds()
    guard now >= dueNanoseconds else { return false }
    dueNanoseconds = now + interval
    return true
  }
}
