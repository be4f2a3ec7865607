internal import VerdictHTTP2

/// The bounds of a loop, with what happens when one is reached.
enum LoopLimits {
  // MARK: A turn

  /// How long a turn serves connections that are ready; the next begins with the rest.
  static let turnNanoseconds: UInt64 = 300_000
  /// How long a turn decides slices; the next goes on.
  static let slicesNanoseconds: UInt64 = 250_000
  /// A longer turn is counted as one that was too long.
  static let longTurnNanoseconds: UInt64 = 1_000_000
  /// Requests of one connection, and checks after which no more of its requests are looked at; what
  /// is left comes with the next turn, after the others.
  static let turnRequestCountMax = 64
  static let turnCheckCountMax: UInt64 = 1_024
  /// Bytes taken from one connection in a turn; what is left comes with the next, after the others.
  static let readByteCount = 64 << 10
  /// Room for what one connection's turn produces; more is written in several pieces.
  static let drainByteCount = 128 << 10
  /// Pieces written for one connection in a turn; more come with the next.
  static let drainCountMax = 2

  // MARK: Large requests

  /// Longest message that a loop unpacks; a longer one is a worker's.
  static let messageByteCountMax = 64 << 10
  /// Messages from this length on aren't even unpacked while no large request may be begun.
  static let likelyBatchByteCount = 16 << 10
  /// Requests of one connection that are under way in slices at once; more wait, so that others'
  /// get places too.
  static let connectionSliceCountMax = 4
  /// Large requests that wait for a place. One more is UNAVAILABLE.
  static let waitingSliceCountMax = 256

  // MARK: Connections

  /// Unsent bytes of a connection from which on nothing more is read from it.
  static let unsentByteCountMax = 64 << 10
  /// How long a peer may take nothing of what waits for it before it is closed.
  static let stallNanoseconds: UInt64 = 30_000_000_000
  /// How long a draining connection waits for the peer to have read the first GOAWAY.
  static let shutdownNoticeNanoseconds: UInt64 = 1_000_000_000
  /// How often stalled and draining connections are looked at.
  static let sweepNanoseconds: UInt64 = 100_000_000
  /// How far two looks at what has run out of time are apart at least.
  static let expiryNanoseconds: UInt64 = 10_000_000
  /// How long a client may take to shake hands before its connection is closed.
  static let handshakeNanoseconds: UInt64 = 10_000_000_000
  /// Connections of a loop that shake hands at the same time. One more is closed at once.
  static let halfOpenCountMax = 1_024
  /// Connections looked at to find the one that is idle for the longest time.
  static let evictionPlaceCount = 64
  /// Calls of a loop whose answer goes on. One more is RESOURCE_EXHAUSTED at once.
  static let watchCountMax = 256
  /// Requests of a loop that wait for newer policies. One more is FAILED_PRECONDITION at once.
  static let awaitingCountMax = 1_024
  /// How long a request waits for newer policies, whatever its deadline. Then it is
  /// FAILED_PRECONDITION.
  static let awaitingNanosecondsMax: UInt64 = 10_000_000_000
  /// How long before its deadline, and a little more, a request that still waits is answered: so
  /// that its caller hears why.
  static let awaitingMarginNanoseconds: UInt64 = 50_000_000
  /// A deadline nearer than this is checked against the clock and not the turn's start.
  static let deadlineMarginNanoseconds: UInt64 = 1_000_000

  // MARK: What callers are told

  static var stopping: RPCStatus { RPCStatus(.unavailable, "the server stops") }
  static var late: RPCStatus {
    RPCStatus(.deadlineExceeded, "the deadline passed before the request was looked at")
  }
  static var tooManyWait: RPCStatus {
    RPCStatus(.unavailable, "too many large requests wait already; try again later")
  }
  static var tooBusy: RPCStatus {
    RPCStatus(.unavailable, "the server is too busy to answer before the deadline")
  }
}
