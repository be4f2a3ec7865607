/// Every bound that a peer can run into, by the name that its counter has. Values and reactions
/// stand where they are watched: `SessionLimits` and `LoopLimits`; `ForwardAuthLimits` and
/// `AdminLimits` have some that are alike. docs/limits.md has a row for each.
public enum Limit: UInt8, Sendable, CaseIterable {
  // Bounds of one request.
  case streams
  case headerList
  case messageLength
  case requestMemory
  case heldBytes
  case deadline
  case bodyTimeout
  case answerStall

  // Bounds of a connection, which ends it.
  case headerBomb
  case continuations
  case clientResets
  case errorResets
  case glitches
  case pings
  case unproductiveBytes
  case streamBurst
  case outboundFrames
  case prefaceTimeout
  case settingsTimeout
  case frameTimeout

  // A connection's time, after which it ends in good order.
  case idle
  case age

  // Bounds that the loops watch.
  case writeStall
  case unsentBytes
  case handshakeTimeout
  case halfOpenConnections
  case waitingBatches
  case waitingForWorkers
  case waitingForPolicies
  case policiesTimeout
  case watches
  case connections
  case descriptors

  /// For logs, metrics and the last word to the peer.
  public var name: StaticString {
    switch self {
    case .streams: "concurrent_streams"
    case .headerList: "header_list"
    case .messageLength: "message_length"
    case .requestMemory: "request_memory"
    case .heldBytes: "held_bytes"
    case .deadline: "deadline"
    case .bodyTimeout: "body_timeout"
    case .answerStall: "answer_stall"
    case .headerBomb: "header_bomb"
    case .continuations: "continuations"
    case .clientResets: "client_resets"
    case .errorResets: "error_resets"
    case .glitches: "glitches"
    // The word that gRPC's clients know, and answer with pings further apart.
    case .pings: "too_many_pings"
    case .unproductiveBytes: "unproductive_bytes"
    case .streamBurst: "stream_burst"
    case .outboundFrames: "outbound_frames"
    case .prefaceTimeout: "preface_timeout"
    case .settingsTimeout: "settings_timeout"
    case .frameTimeout: "frame_timeout"
    case .idle: "max_idle"
    case .age: "max_age"
    case .writeStall: "write_stall"
    case .unsentBytes: "unsent_bytes"
    case .handshakeTimeout: "handshake_timeout"
    case .halfOpenConnections: "half_open_connections"
    case .waitingBatches: "waiting_batches"
    case .waitingForWorkers: "waiting_for_workers"
    case .waitingForPolicies: "waiting_for_policies"
    case .policiesTimeout: "policies_timeout"
    case .watches: "watches"
    case .connections: "max_connections"
    case .descriptors: "descriptors"
    }
  }
}

/// How often each limit was reached.
public struct LimitCounts: Sendable, Equatable {
  /// One for each case of `Limit`, and a few to spare.
  private var counts: InlineArray<40, UInt64>
  /// All of them together: whoever copies the table looks here first.
  public private(set) var total: UInt64 = 0

  public init() {
    counts = InlineArray(repeating: 0)
    precondition(Limit.allCases.count <= 40, "the table has room for every limit")
  }

  public subscript(limit: Limit) -> UInt64 { counts[Int(limit.rawValue)] }

  public mutating func add(_ limit: Limit) {
    counts[Int(limit.rawValue)] &+= 1
    total &+= 1
  }

  public static func == (a: LimitCounts, b: LimitCounts) -> Bool {
    Limit.allCases.allSatisfy { a[$0] == b[$0] }
  }

  /// Sums of several loops.
  public static func + (a: LimitCounts, b: LimitCounts) -> LimitCounts {
    var sum = a
    for limit in Limit.allCases { sum.counts[Int(limit.rawValue)] &+= b[limit] }
    sum.total &+= b.total
    return sum
  }
}
