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

  private let descriptor: FileDescriptor
  private let events: UnsafeMutablePointer<verdict_event>

  public init() throws(SystemError) {
    descriptor = FileDescriptor(owning: try checked(verdict_epoll_create(), "epoll_create"))
    unsafe events = UnsafeMutablePointer<verdict_event>.allocate(capacity: Poller.eventCountMax)
    // SAFETY: as long as it was allocated.
    unsafe events.initialize(repeating: verdict_event(), count: Poller.eventCountMax)
  }

  deinit {
    // SAFETY: allocated by the initialiser; plain values.
    unsafe events.deallocate()
  }

  /// Starts to watch an open descriptor, which the caller keeps open.
  public func add(
    _ rawDescriptor: Int32, _ interest: Interest, word: UInt64
  ) throws(SystemError) {
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

  /// Waits for events; a negative timeout waits without end. An interruption counts as none.
  /// - Returns: how many `event(at:)` may be asked for.
  @inlinable
  public func wait(timeoutMilliseconds: Int32) -> Int {
    let count = ready(timeoutMilliseconds)
    if count >= 0 { return Int(count) }
    precondition(count == -Errno.interrupted, "a poller's own arguments are right")
    return 0
  }

  @usableFromInline
  func ready(_ timeoutMilliseconds: Int32) -> Int32 {
    // SAFETY: as many records as the capacity says.
    unsafe verdict_epoll_wait(
      descriptor.rawValue, events, Int32(Poller.eventCountMax), timeoutMilliseconds)
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
