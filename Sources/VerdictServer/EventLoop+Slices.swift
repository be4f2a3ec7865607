internal import VerdictHTTP2
internal import VerdictModel
internal import VerdictSystem

/// Large requests: decided a slice at a time at the end of each turn, in rotation.
extension EventLoop where Service: ~Copyable {
  /// Whether a large request of this connection may be begun now.
  @unsafe
  @inline(__always)
  func mayBegin(_ connection: UnsafeMutablePointer<Connection>) -> Bool {
    // SAFETY: the connection stays where it is until the caller closes it.
    unsafe slices.running.count < SlicedRequest.countMax
      && connection.pointee.sliceCount < LoopLimits.connectionSliceCountMax
  }

  /// Notes a request that the services have begun.
  @unsafe
  mutating func begin(
    _ request: ServerRequest, _ place: Int, _ connection: UnsafeMutablePointer<Connection>,
    _ number: UInt64
  ) {
    counters.batches &+= 1
    // SAFETY: as above.
    unsafe connection.pointee.session.postpone(request)
    unsafe connection.pointee.sliceCount += 1
    slices.running.append(
      SliceBoard.Run(
        place: place, connection: number, stream: request.stream, seen: seen,
        deadlineNanoseconds: request.deadlineNanoseconds))
  }

  /// Lets a request wait for a place, or refuses it where that is hopeless.
  /// - Returns: whether it was refused, which is to be sent.
  @unsafe
  mutating func wait(
    _ request: ServerRequest, _ connection: UnsafeMutablePointer<Connection>, _ number: UInt64
  ) -> Bool {
    guard slices.waiting.count < LoopLimits.waitingSliceCountMax else {
      counters.fullQueues &+= 1
      context.count(.waitingBatches)
      unsafe refuse(request, connection, LoopLimits.tooManyWait)
      return true
    }
    let ready = nowNanoseconds &+ slices.expectedWaitNanoseconds
    guard request.deadlineNanoseconds > ready else {
      counters.hopeless &+= 1
      unsafe refuse(request, connection, LoopLimits.tooBusy)
      return true
    }
    // SAFETY: as above.
    unsafe connection.pointee.session.postpone(request)
    slices.waiting.append(
      SliceBoard.Waiting(
        connection: number, stream: request.stream,
        deadlineNanoseconds: request.deadlineNanoseconds))
    return false
  }

  /// Decides slices in rotation until their share of the turn is over, and sends what is ready.
  mutating func runSlices() {
    let start = SystemClock.monotonicNanoseconds()
    var now = start
    // Places may have become free because connections were closed.
    if !slices.waiting.isEmpty { startWaiting() }
    while !slices.running.isEmpty {
      let index = slices.rotate()
      let isOver = isOver(slices.running[index], now)
      let isDone = isOver || services.advance(slices.running[index].place)
      let after = SystemClock.monotonicNanoseconds()
      slices.running[index].spentNanoseconds &+= after &- now
      now = after
      if isDone {
        end(index, isOver: isOver)
        startWaiting()
      }
      if now &- start >= LoopLimits.slicesNanoseconds { break }
    }
    for number in slices.finished {
      guard let connection = unsafe connections.find(number) else { continue }
      // SAFETY: found just now.
      unsafe flush(connection, number)
    }
    slices.finished.removeAll(keepingCapacity: true)
  }

  /// Whether nobody waits for it any more, or its deadline is met.
  private func isOver(_ run: SliceBoard.Run, _ now: UInt64) -> Bool {
    if now >= run.deadlineNanoseconds { return true }
    guard let connection = unsafe connections.find(run.connection) else { return true }
    // SAFETY: found just now.
    return unsafe connection.pointee.session.postponed(run.stream) == nil
  }

  /// Answers a request whose work is done, or whose time is.
  private mutating func end(_ index: Int, isOver: Bool) {
    let run = slices.remove(index)
    guard let connection = unsafe connections.find(run.connection) else {
      preconditionFailure("a connection that closes takes its requests with it")
    }
    // SAFETY: found just now.
    unsafe connection.pointee.sliceCount -= 1
    guard let request = unsafe connection.pointee.session.postponed(run.stream) else {
      return services.drop(run.place)
    }
    if isOver {
      services.drop(run.place)
      counters.deadlinesExceeded &+= 1
      unsafe conclude(
        request,
        RPCStatus(.deadlineExceeded, "the deadline passed before all checks were decided"),
        connection)
    } else {
      var reply = request.reply
      let status = services.finish(run.place, reply: &reply)
      noteMemory(status)
      unsafe conclude(request, status, connection)
    }
    slices.finish(run.connection)
  }

  /// Begins the next waiting request of a connection that may, the one that waits longest first.
  private mutating func startWaiting() {
    var index = 0
    while index < slices.waiting.count, slices.running.count < SlicedRequest.countMax {
      let waiting = slices.waiting[index]
      guard let connection = unsafe connections.find(waiting.connection),
        let request = unsafe connection.pointee.session.postponed(waiting.stream)
      else {
        slices.waiting.remove(at: index)
        continue
      }
      guard unsafe mayBegin(connection) else {
        index += 1
        continue
      }
      slices.waiting.remove(at: index)
      let outcome = unsafe answerAgain(request, connection, mayBegin: true)
      if unsafe settle(outcome, request, connection, waiting.connection) {
        slices.finish(waiting.connection)
      }
    }
  }

  /// Frees the places of a connection that is about to close.
  mutating func dropSlices(of number: UInt64) {
    for index in slices.running.indices.reversed()
    where slices.running[index].connection == number {
      services.drop(slices.remove(index).place)
    }
    slices.waiting.removeAll { $0.connection == number }
  }
}

/// The large requests of a loop.
struct SliceBoard {
  /// One that was begun.
  struct Run {
    let place: Int
    let connection: UInt64
    let stream: Int32
    /// The publication's count when it was begun: its set is kept until it ends.
    let seen: UInt
    let deadlineNanoseconds: UInt64
    /// What its slices have taken.
    var spentNanoseconds: UInt64 = 0
  }

  /// One that waits for a place; its message stays with its stream.
  struct Waiting {
    let connection: UInt64
    let stream: Int32
    let deadlineNanoseconds: UInt64
  }

  /// Oldest first.
  var running: [Run] = []
  var waiting: [Waiting] = []
  /// Connections with an answer to be sent.
  var finished: [UInt64] = []
  /// What those that have ended took, and how many they were.
  private var spentNanoseconds: UInt64 = 0
  private var endedCount: UInt64 = 0
  private var next = 0

  init() {}

  /// Whether nothing is to be done. Where requests wait, others are under way, or will be begun
  /// with the next turn.
  var isIdle: Bool { running.isEmpty && waiting.isEmpty }

  /// What to keep announcing; the greatest value where nothing is under way.
  var oldestSeen: UInt { running.first?.seen ?? .max }

  /// The next in turn.
  mutating func rotate() -> Int {
    next = next + 1 < running.count ? next + 1 : 0
    return next
  }

  mutating func remove(_ index: Int) -> Run {
    endedCount &+= 1
    spentNanoseconds &+= running[index].spentNanoseconds
    if endedCount == 256 {
      // The past counts less and less.
      endedCount /= 2
      spentNanoseconds /= 2
    }
    // The one behind it comes next.
    next = index - 1
    return running.remove(at: index)
  }

  /// Notes that a connection has an answer to be sent.
  mutating func finish(_ connection: UInt64) {
    if !finished.contains(connection) { finished.append(connection) }
  }

  /// How long one more would wait, by what those before it have taken on average.
  var expectedWaitNanoseconds: UInt64 {
    guard endedCount > 0 else { return 0 }
    return spentNanoseconds / endedCount * UInt64(running.count + waiting.count)
  }
}
