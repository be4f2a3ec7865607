internal import VerdictSystem

/// The time by which sets become valid, stale and invalid.
///
/// Clocks are set back, by mistake or on purpose; that must not make an old set look young again.
/// So the time is never less than what was known last (when a set got into force, at the latest
/// when that set was made) plus what has passed since by a clock that nobody can set. Once a newer
/// set gets into force, a clock that was ahead for a while is believed again.
public struct PolicyClock: Sendable {
  private let real: @Sendable () -> Int64
  private let monotonic: @Sendable () -> UInt64
  private var knownSeconds: Int64
  private var knownAtNanoseconds: UInt64

  /// The kernel's clocks.
  public init() {
    self.init(
      real: { SystemClock.realNanoseconds() / 1_000_000_000 },
      monotonic: { SystemClock.monotonicNanoseconds() })
  }

  init(real: @escaping @Sendable () -> Int64, monotonic: @escaping @Sendable () -> UInt64) {
    self.real = real
    self.monotonic = monotonic
    knownSeconds = real()
    knownAtNanoseconds = monotonic()
  }

  /// Seconds since 1970.
  var nowSeconds: Int64 { max(real(), knownSeconds + elapsedSeconds) }

  /// Since the last `know(atLeast:)`.
  var elapsedSeconds: Int64 { Int64((monotonic() - knownAtNanoseconds) / 1_000_000_000) }

  /// It is now, and `seconds` is not in the future.
  mutating func know(atLeast seconds: Int64) {
    knownSeconds = max(real(), seconds)
    knownAtNanoseconds = monotonic()
  }
}
