internal import Synchronization
internal import VerdictSystem
internal import VerdictTLS

/// What other threads tell a loop: new connections, workers' answers, and to stop. The only way
/// into a loop.
final class LoopMailbox: Sendable {
  /// How far a server has come with stopping.
  enum Stop: UInt8, Comparable {
    case no
    /// Finish what is under way, within the drain timeout.
    case drain
    /// Close everything now.
    case now

    static func < (a: Stop, b: Stop) -> Bool { a.rawValue < b.rawValue }
  }

  /// An accepted connection on its way to a loop.
  struct Arrival {
    let descriptor: Int32
    /// The place of its listener in the configuration.
    let listener: Int
  }

  /// What has come for a loop since it last looked.
  struct Post {
    var connections: [Arrival] = []
    var results: [WorkerResult] = []
    /// New certificates by listener.
    var contexts: [(listener: Int, context: TLSContext)] = []
    var stop = Stop.no
  }

  /// Rings when there is something to look at.
  let bell: EventSignal
  let board = CounterBoard()
  let tally = LoopTally()
  private let post = Mutex(Post())
  private let connectionCountWord = Atomic<Int>(0)
  private let closed = Atomic<Bool>(false)

  init() throws(SystemError) { bell = try EventSignal() }

  deinit {
    tally.free()
    // Connections that arrived after the loop had ended.
    for connection in post.withLock({ $0.connections }) {
      FileDescriptor(owning: connection.descriptor).close()
    }
  }

  /// Connections given to the loop and not closed yet; what the acceptor balances by.
  var connectionCount: Int { connectionCountWord.load(ordering: .relaxed) }

  /// Hands over an accepted connection.
  func give(_ connection: consuming FileDescriptor, listener: Int) {
    let arrival = Arrival(descriptor: connection.release(), listener: listener)
    connectionCountWord.add(1, ordering: .relaxed)
    post.withLock { $0.connections.append(arrival) }
    bell.ring()
  }

  /// Hands over new certificates of a listener, for connections that come from now on.
  func renew(listener: Int, _ context: TLSContext) {
    post.withLock { $0.contexts.append((listener, context)) }
    bell.ring()
  }

  /// By a worker: hands back an answer.
  func deliver(_ result: WorkerResult) {
    post.withLock { $0.results.append(result) }
    bell.ring()
  }

  /// Asks the loop to stop; a stricter wish replaces a milder one.
  func ask(_ stop: Stop) {
    post.withLock { $0.stop = max($0.stop, stop) }
    bell.ring()
  }

  /// By the loop: what has come since the last time.
  func collect() -> Post {
    bell.clear()
    return post.withLock {
      let result = $0
      $0.connections.removeAll(keepingCapacity: true)
      $0.results.removeAll(keepingCapacity: true)
      $0.contexts.removeAll()
      return result
    }
  }

  /// By the loop: it has ended.
  func close() { closed.store(true, ordering: .sequentiallyConsistent) }

  /// Whether the loop has ended.
  var isClosed: Bool { closed.load(ordering: .sequentiallyConsistent) }

  /// By the loop: a connection is closed.
  func countClosed() { connectionCountWord.subtract(1, ordering: .relaxed) }
}
