internal import CVerdictSystem
internal import Glibc

/// Reading and writing of connected stream sockets, as the loops do it: a count, or the negated
/// errno, and nothing that allocates.
public enum Socket {
  /// Reads once. Zero means that the peer has ended; `-Errno.wouldBlock` that nothing is there.
  @unsafe
  public static func read(_ rawDescriptor: Int32, _ base: UnsafeMutableRawPointer, _ count: Int)
    -> Int
  {
    // SAFETY: the caller's buffer.
    unsafe verdict_read(rawDescriptor, base, count)
  }

  /// Writes once, without SIGPIPE. A short count is normal on a full socket.
  @unsafe
  public static func write(_ rawDescriptor: Int32, _ base: UnsafeRawPointer, _ count: Int) -> Int {
    // SAFETY: the caller's bytes.
    unsafe verdict_send(rawDescriptor, base, count)
  }

  /// Connects within `timeoutNanoseconds`. The descriptor does not block.
  /// - Throws: number `ETIMEDOUT` when the time was up.
  public static func connect(
    to address: SocketAddress, timeoutNanoseconds: UInt64
  ) throws(SystemError) -> FileDescriptor {
    let text = address.description
    return try unsafe address.firstWorking(passive: false) {
      (family, target, length) throws(SystemError) in
      let socket = FileDescriptor(
        owning: try checked(verdict_socket(family), "socket", text))
      try checked(verdict_set_nonblocking(socket.rawValue, 1), "fcntl", text)
      // SAFETY: an address of the C library, alive during the call.
      if unsafe Glibc.connect(socket.rawValue, target, length) != 0 {
        let number = errno
        guard number == EINPROGRESS else { throw SystemError("connect", text, number: number) }
        try waitConnected(socket, text, timeoutNanoseconds)
      }
      if family != AF_UNIX { setNoDelay(socket.rawValue) }
      return socket
    }
  }

  private static func waitConnected(
    _ socket: borrowing FileDescriptor, _ text: String, _ timeoutNanoseconds: UInt64
  ) throws(SystemError) {
    guard wait(socket.rawValue, Int16(POLLOUT), timeoutNanoseconds: timeoutNanoseconds) else {
      throw SystemError("connect", text, number: ETIMEDOUT)
    }
    var number: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    // SAFETY: an int, as SO_ERROR wants.
    _ = unsafe getsockopt(socket.rawValue, SOL_SOCKET, SO_ERROR, &number, &length)
    if number != 0 { throw SystemError("connect", text, number: number) }
  }

  /// Waits until a socket can be read or has ended.
  /// - Returns: false when the time was up.
  public static func waitReadable(
    _ rawDescriptor: Int32, timeoutNanoseconds: UInt64
  ) -> Bool {
    wait(rawDescriptor, Int16(POLLIN), timeoutNanoseconds: timeoutNanoseconds)
  }

  /// Waits until a socket takes bytes or has ended.
  /// - Returns: false when the time was up.
  public static func waitWritable(
    _ rawDescriptor: Int32, timeoutNanoseconds: UInt64
  ) -> Bool {
    wait(rawDescriptor, Int16(POLLOUT), timeoutNanoseconds: timeoutNanoseconds)
  }

  private static func wait(
    _ rawDescriptor: Int32, _ events: Int16, timeoutNanoseconds: UInt64
  ) -> Bool {
    let start = SystemClock.monotonicNanoseconds()
    let end = start.addingReportingOverflow(timeoutNanoseconds)
    while true {
      let now = SystemClock.monotonicNanoseconds()
      let rest = end.overflow ? UInt64.max : end.partialValue - min(now, end.partialValue)
      let milliseconds = Int32(min((rest / 1_000_000) + 1, 3_600_000))
      var record = pollfd(fd: rawDescriptor, events: events, revents: 0)
      // SAFETY: one record.
      let count = unsafe poll(&record, 1, rest == 0 ? 0 : milliseconds)
      if count > 0 { return true }
      if count < 0 && errno != EINTR { return true }
      if rest == 0 { return false }
    }
  }

  /// Sends small writes at once. Loops write once per turn, so there is nothing to gather.
  public static func setNoDelay(_ rawDescriptor: Int32) {
    // Fails on Unix sockets, which have no delay to begin with.
    _ = verdict_set_option(rawDescriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
  }

  /// The user that a Unix socket's peer ran as when it connected; nil for other sockets.
  public static func peerUser(_ rawDescriptor: Int32) -> UInt32? {
    // The kernel's `ucred`: process, user and group.
    var credentials: (Int32, UInt32, UInt32) = (0, .max, .max)
    var length = socklen_t(MemoryLayout.size(ofValue: credentials))
    // SAFETY: as many bytes as the length says.
    let result = unsafe getsockopt(
      rawDescriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &length)
    guard result == 0, credentials.1 != .max else { return nil }
    return credentials.1
  }

  /// Forbids blocking, as the loops need it.
  public static func setNonBlocking(_ rawDescriptor: Int32) throws(SystemError) {
    try checked(verdict_set_nonblocking(rawDescriptor, 1), "fcntl")
  }

  /// Sends the end of our bytes; the peer's may still come.
  public static func endWriting(_ rawDescriptor: Int32) {
    // Fails when the peer is already gone, which is as good.
    _ = shutdown(rawDescriptor, Int32(SHUT_WR))
  }
}
