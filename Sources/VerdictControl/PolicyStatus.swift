internal import Synchronization
public import VerdictCrypto

/// How things stand with the policies: what is in force, and what became of the last attempts to
/// renew it. `GetServerInfo`, the metrics and the log say the same.
public struct PolicyStatus: Sendable {
  public enum State: String, Sendable, CaseIterable {
    /// In force is what the directory says.
    case loaded
    /// In force is an old set: a newer one was refused, or it is too old or expired.
    case stale
    /// Nothing is answered from: there was never a set, or it is older than it may be.
    case error
  }

  public var state = State.error
  /// Whether the set in force is older than `FreshnessLimits.failClosedAfterSeconds`: no check is
  /// decided by it.
  public var isClosed = false
  /// nil: none.
  public var setNumber: UInt64?
  /// Names the set; nil for documents.
  public var setDigest: SHA256Digest?
  /// Seconds since 1970; nil where there is no set.
  public var createdSeconds: Int64?
  public var ageSeconds: Int64?
  public var expiresSeconds: Int64?
  /// Whose signature was verified; nil: nobody's was asked for.
  public var keyID: String?
  /// When what the directory says was last in force, in seconds since 1970; nil: never.
  public var lastSuccessSeconds: Int64?
  public var lastFailureSeconds: Int64?
  public var lastFailure: ControlError?
  /// Whether the last failure still stands: nothing has succeeded since.
  public var isFailing = false
  /// How many sets got into force.
  public var activationCount: UInt64 = 0
  /// By cause: how many attempts were refused, each attempt that failed again included.
  public var refusalCounts: [ControlError.Code: UInt64] = [:]
  /// How long the last publication took, from the new pointer until no loop used the old set.
  public var publicationNanoseconds: UInt64 = 0
  /// The same of all publications: how many took less than 1, 2, 4 ... microseconds and no less
  /// than half of that; the last has no bound.
  public var publicationCounts = [UInt64](repeating: 0, count: 24)
  /// Of all publications together.
  public var publicationNanosecondsSum: UInt64 = 0

  public init() {}

  mutating func countPublication(_ nanoseconds: UInt64) {
    publicationNanoseconds = nanoseconds
    publicationNanosecondsSum += nanoseconds
    let bucket = UInt64.bitWidth - (nanoseconds / 1_000).leadingZeroBitCount
    publicationCounts[min(bucket, publicationCounts.count - 1)] += 1
  }
}

/// Where the status is kept, for all threads. Its lock is held for copying alone.
public final class PolicyBoard: Sendable {
  private let content = Mutex(PolicyStatus())

  public init() {}

  public var status: PolicyStatus { content.withLock { $0 } }

  func update(_ change: (inout PolicyStatus) -> Void) { content.withLock { change(&$0) } }
}

/// How old a set may be. Age is the time since it was made: `verdict publish --refresh` renews it.
public struct FreshnessLimits: Sendable, Equatable {
  /// From then on the state is `stale`; nil: never.
  public var staleAfterSeconds: Int64?
  /// From then on nothing is decided; nil: never.
  public var failClosedAfterSeconds: Int64?

  public init(staleAfterSeconds: Int64? = nil, failClosedAfterSeconds: Int64? = nil) {
    self.staleAfterSeconds = staleAfterSeconds
    self.failClosedAfterSeconds = failClosedAfterSeconds
  }
}
