internal import CVerdictSystem
internal import Glibc

/// What a registration waits for.
public struct Interest: OptionSet, Sendable {
  public let rawValue: UInt32
  @inlinable
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  // Computed, because a stored constant of another module is looked after with `swift_once`.
  public static var readable: Interest { Interest(rawValue: UInt32(VERDICT_READABLE)) }
  public static var writable: Interest { Interest(rawValue: UInt32(VERDICT_WRITABLE)) }
}

/// epoll: which of many descriptors are ready. One owner, one thread.
///
/// Every registration carries a word of its user's choice. A descriptor's number is used again soon
/// after it was closed, so the word must tell a registration from its predecessor: put a counter
/// into it, and drop events whose counter is not the present one.
@safe
public struct Poller: ~Copyable, @unchecked Sendable {
  // `@unchecked`: it moves once, to the thread that uses it.

  /// Events of one `wait` at most; the rest comes with the next.
  public static let eventCountMax = 128

  /// The word of the timer, which nobody else may use.
  public static var timerWord: UInt64 { .max }

  private let descriptor: FileDescriptor
  private let timer: FileDescriptor
  /// When the timer comes due, `.max` where it is not set.
  private var dueNanoseconds = UInt64.max
  private let events: UnsafeMutablePointer<verdict_event>

  public init() throws(SystemError) {
    // Everything that may fail comes before anything is stored.
    let descriptor = FileDescriptor(owning: try checked(verdict_epoll_create(), "epoll_create"))
    let timer = FileDescriptor(owning: try checked(verdict_timerfd(), "timerfd_create"))
    try checked(
      verdict_epoll_add_timer(descriptor.rawValue, timer.rawValue, Poller.timerWord), "epoll_ctl")
    self.descriptor = descriptor
    self.timer = timer
    unsafe events = UnsafeMutablePointer<verdict_event>.allocate(capacity: Poller.eventCountMax)
    // SAFETY: as long as it was allocated.
    unsafe events.initialize(repeating: verdict_event(), count: Poller.eventCountMax)
  }

  deinit {
    // SAFETY: allocated by the initialiser; plain values.
    unsafe events.deallocate()
  }

  /// Starts to watch an open descriptor, which the caller keeps open.
  /// - Precondition: the word is not `timerWord`.
  public func add(
    _ rawDescriptor: Int32, _ interest: Interest, word: UInt64
  ) throws(SystemError) {
    precondition(word != Poller.timerWord, "the timer's word is its own")
    try checked(
      verdict_epoll_add(descriptor.rawValue, rawDescriptor, interest.rawValue, word), "epoll_ctl")
  }

  /// Changes what a watched descriptor is watched for. With no interest at all, only its end is
  /// reported.
  public func modify(_ rawDescriptor: Int32, _ interest: Interest, word: UInt64) {
    let result = verdict_epoll_modify(
      descriptor.rawValue, rawDescriptor, interest.rawValue, word)
    precondition(result == 0, "a watched descriptor can be modified")
  }

  /// Ends the watch. Closing a descriptor that was never duplicated does the same.
  public func remove(_ rawDescriptor: Int32) {
    _ = verdict_epoll_remove(descriptor.rawValue, rawDescriptor)
  }

  /// Waits for events until a time of `SystemClock.monotonicNanoseconds`; `.max`: without end. It
  /// may end earlier with none: an interruption, or a time that an earlier call had waited for.
  ///
  /// The time is kept by a timer that is set only when a call names an earlier one than the last:
  /// a timeout of epoll's own would be put into the kernel's queue and taken out again by each.
  /// - Returns: how many `event(at:)` may be asked for.
  public mutating func wait(until end: UInt64) -> Int {
    if end < dueNanoseconds {
      let result = verdict_timerfd_set(timer.rawValue, max(end, 1))
      precondition(result == 0, "a timer can be set to any time")
      dueNanoseconds = end
    }
    return ready(timeoutMilliseconds: -1)
  }

  /// Takes the events that are there already.
  /// - Returns: as `wait`.
  public mutating func poll() -> Int { ready(timeoutMilliseconds: 0) }

  private mutating func ready(timeoutMilliseconds: Int32) -> Int {
    var isDue = false
    // SAFETY: as many records as the capacity says.
    let count = unsafe verdict_epoll_wait(
      descriptor.rawValue, events, Int32(Poller.eventCountMax), timeoutMilliseconds,
      Poller.timerWord, &isDue)
    if isDue { dueNanoseconds = .max }
    if count >= 0 { return Int(count) }
    precondition(count == -Errno.interrupted, "a poller's own arguments are right")
    return 0
  }

  /// An event of the last `wait`.
  public func event(at index: Int) -> Event {
    precondition(index >= 0 && index < Poller.eventCountMax, "index outside the events")
    // SAFETY: the index was just checked.
    let event = unsafe events[index]
    return Event(word: event.user, flags: event.ready)
  }

  /// A ready descriptor.
  public struct Event {
    /// The word of its registration.
    public let word: UInt64
    let flags: UInt32

    /// Bytes, a connection, or the peer's end can be read.
    public var isReadable: Bool {
      flags & UInt32(VERDICT_READABLE | VERDICT_HUNG_UP | VERDICT_FAILED) != 0
    }
    public var isWritable: Bool { flags & UInt32(VERDICT_WRITABLE) != 0 }
    /// Both directions are over: nothing that is written reaches anybody.
    public var isOver: Bool {
      flags & UInt32(VERDICT_HUNG_UP | VERDICT_FAILED) != 0
    }
  }
}
