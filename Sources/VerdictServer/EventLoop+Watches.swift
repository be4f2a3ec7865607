internal import VerdictHTTP2
internal import VerdictModel

/// A call whose answer goes on as long as its caller listens.
struct Watch {
  let connection: UInt64
  let stream: Int32
  let subject: WatchSubject
  /// What it was told last; 0: nothing.
  var toldVersion: UInt64 = 0
}

/// Calls whose answer goes on. They are told what is now at once, and again when it has changed: a
/// publication rings the bell, and so does the drain. Whoever reads too slowly is told what is in
/// force by then, and not what was in between.
extension EventLoop where Service: ~Copyable {
  @unsafe
  mutating func beginWatch(
    _ request: ServerRequest, _ connection: UnsafeMutablePointer<Connection>, _ number: UInt64
  ) {
    // SAFETY: the connection stays where it is until the caller closes it.
    guard stop == .no else {
      return unsafe conclude(request, LoopLimits.stopping, connection)
    }
    if watches.count >= LoopLimits.watchCountMax { forgetWatchesThatEnded() }
    guard watches.count < LoopLimits.watchCountMax else {
      context.count(.watches)
      return unsafe conclude(
        request, RPCStatus(.resourceExhausted, "too many calls watch already"), connection)
    }
    guard !request.isCompressed, request.message.count <= LoopLimits.messageByteCountMax else {
      context.count(.messageLength)
      return unsafe conclude(
        request, RPCStatus(.resourceExhausted, "the message is longer than this method's may be"),
        connection)
    }
    guard let subject = services.watch(method: request.method, message: request.message) else {
      return unsafe conclude(
        request,
        RPCStatus(.internalError, "the message is not readable as this method's request"),
        connection)
    }
    var watch = Watch(connection: number, stream: request.stream, subject: subject)
    unsafe connection.pointee.session.begin(request)
    if unsafe tell(&watch, connection) { watches.append(watch) }
  }

  /// Tells those that don't know yet what is in force.
  mutating func tellWatches() {
    areWatchesBehind = false
    let all = watches
    watches.removeAll(keepingCapacity: true)
    for var watch in all {
      guard let connection = unsafe connections.find(watch.connection),
        unsafe tell(&watch, connection)
      else { continue }
      watches.append(watch)
      // SAFETY: found just now; nothing uses it after `close`.
      if unsafe !send(connection, watch.connection) { close(watch.connection) }
    }
    if areWatchesBehind { planSweep() }
  }

  /// Tells a watch what it doesn't know.
  /// - Returns: false when nobody listens any more.
  @unsafe
  private mutating func tell(
    _ watch: inout Watch, _ connection: UnsafeMutablePointer<Connection>
  ) -> Bool {
    let version = services.version(of: watch.subject, set: set)
    if version == watch.toldVersion { return true }
    let delivery = services.news(about: watch.subject, set: set).withByteView {
      // SAFETY: the caller has just found it.
      unsafe connection.pointee.session.send(stream: watch.stream, $0)
    }
    switch delivery {
    case .queued: watch.toldVersion = version
    case .full: areWatchesBehind = true
    case .gone: return false
    }
    return true
  }

  /// Ends all of them, after what there was to tell.
  mutating func endWatches() {
    tellWatches()
    for watch in watches {
      guard let connection = unsafe connections.find(watch.connection) else { continue }
      // SAFETY: found just now; nothing uses it after `close`.
      unsafe connection.pointee.session.finish(stream: watch.stream, LoopLimits.stopping)
      if unsafe !send(connection, watch.connection) { close(watch.connection) }
    }
    watches.removeAll()
  }

  private mutating func forgetWatchesThatEnded() {
    let all = watches
    watches.removeAll(keepingCapacity: true)
    for watch in all {
      guard let connection = unsafe connections.find(watch.connection) else { continue }
      // SAFETY: found just now.
      if unsafe connection.pointee.session.isStreaming(watch.stream) { watches.append(watch) }
    }
  }
}
