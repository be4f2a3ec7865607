internal import VerdictHTTP2
internal import VerdictModel
internal import VerdictSystem

/// The thread that accepts connections and hands each to the loop with the least work. Unix sockets
/// cannot be shared by several listeners, and a hash over few connections spreads them badly.
struct Acceptor: ~Copyable {
  private let listeners: [ListeningSocket]
  private let mailboxes: [LoopMailbox]
  private let connectionCountMax: Int
  private let bell: EventSignal
  private let tally: LoopTally
  private var poller: Poller
  private var choice: LoopChoice
  /// Kept open to be given up when no descriptor is left: then the waiting connection can be
  /// accepted and closed, and its peer knows, instead of turning round in circles.
  private var reserve: Int32?

  init(
    _ listeners: [ListeningSocket], _ mailboxes: [LoopMailbox], connectionCountMax: Int,
    stop bell: EventSignal, _ tally: LoopTally
  ) throws(SystemError) {
    let poller = try Poller()
    try poller.add(bell.rawDescriptor, .readable, word: UInt64(listeners.count))
    for (index, listener) in listeners.enumerated() {
      try poller.add(listener.rawDescriptor, .readable, word: UInt64(index))
    }
    reserve = try FileDescriptor.reading("/dev/null").release()
    self.poller = poller
    choice = LoopChoice(loopCount: mailboxes.count)
    self.listeners = listeners
    self.mailboxes = mailboxes
    self.connectionCountMax = connectionCountMax
    self.bell = bell
    self.tally = tally
  }

  deinit {
    if let reserve { FileDescriptor(owning: reserve).close() }
  }

  /// Accepts until the bell rings, and then whoever has connected by then.
  mutating func run() {
    while true {
      let count = poller.wait(until: .max)
      for index in 0..<count {
        let word = Int(poller.event(at: index).word)
        if word == listeners.count { return acceptLast() }
        accept(from: word)
      }
    }
  }

  /// A listener that closes resets whoever still waits in it.
  private mutating func acceptLast() {
    for index in listeners.indices {
      accept(from: index, atMost: Int(ListeningSocket.backlogCount))
    }
  }

  /// Takes a few connections, so that one listener cannot keep the others waiting.
  private mutating func accept(from index: Int, atMost count: Int = 64) {
    let listener = listeners[index]
    for _ in 0..<count {
      let number = listener.acceptRaw()
      if number >= 0 {
        place(FileDescriptor(owning: number), listener: index)
      } else if number == -Errno.tooManyDescriptors
        || number == -Errno.tooManyDescriptorsInSystem
      {
        return refuseOne(listener)
      } else {
        // Nobody waits any more, or whoever waited has gone away.
        return
      }
    }
  }

  private mutating func place(_ connection: consuming FileDescriptor, listener: Int) {
    let counts = mailboxes.map(\.connectionCount)
    let count = counts.reduce(0, +)
    if count >= connectionCountMax {
      // Where most are, there is most to choose from; but no loop is buried under arrivals.
      if count < connectionCountMax + Acceptor.pendingCountMax,
        let loop = counts.indices.max(by: { counts[$0] < counts[$1] })
      {
        mailboxes[loop].give(connection, listener: listener, isBeyondLimit: true)
      } else {
        tally.count(.connections)
      }
      return
    }
    let loop = choice.next(
      connectionCounts: counts, busyNanoseconds: mailboxes.map(\.board.counters.busyNanoseconds),
      nowNanoseconds: SystemClock.monotonicNanoseconds())
    mailboxes[loop].give(connection, listener: listener)
  }

  /// Connections beyond the limit that loops may still have to look at. One more is closed at once.
  private static let pendingCountMax = 256

  private mutating func refuseOne(_ listener: ListeningSocket) {
    tally.count(.descriptors)
    if let reserve { FileDescriptor(owning: reserve).close() }
    reserve = nil
    let number = listener.acceptRaw()
    if number >= 0 { FileDescriptor(owning: number).close() }
    do throws(SystemError) {
      reserve = try FileDescriptor.reading("/dev/null").release()
    } catch {
      // Somebody else took the last descriptor: wait a little for one to become free.
      SystemClock.sleep(nanoseconds: 50_000_000)
    }
  }
}
