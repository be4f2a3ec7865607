internal import CVerdictSystem
internal import Glibc

/// A listening TCP or Unix socket. Non-blocking; a Unix socket's name goes with its owner.
public final class ListeningSocket: Sendable {
  private let descriptor: FileDescriptor
  /// Where it listens, with the port that the kernel chose when 0 was asked for.
  public let address: SocketAddress
  /// Device and inode of the Unix socket's name, to remove it only while it is still ours.
  private let identity: FileIdentity?

  /// Connections that the kernel keeps for us before they are accepted.
  public static let backlogCount: Int32 = 1024

  /// Starts to listen.
  ///
  /// A Unix path where a server answers is refused with `EADDRINUSE`; a name that a dead server
  /// left is removed.
  ///
  /// - Parameters:
  ///   - mode: of a Unix socket's name; 0600 lets only its owner connect.
  ///   - owner: of a Unix socket's name; nil: who runs this process.
  public init(
    _ address: SocketAddress, mode: UInt32 = 0o600, owner: SocketOwner? = nil
  ) throws(SystemError) {
    let text = address.description
    switch address {
    case .tcp(let host, _):
      descriptor = try unsafe address.firstWorking(passive: true) {
        (family, target, length) throws(SystemError) in
        let socket = try ListeningSocket.socket(family, text)
        let reuse = verdict_set_option(socket.rawValue, SOL_SOCKET, SO_REUSEADDR, 1)
        try checked(reuse, "setsockopt", text)
        try unsafe ListeningSocket.bind(socket, target, length, text)
        return socket
      }
      self.address = .tcp(host: host, port: try SocketAddress.boundPort(of: descriptor))
      identity = nil
    case .unix(let path):
      try ListeningSocket.removeDead(path)
      descriptor = try unsafe address.firstWorking(passive: true) {
        (family, target, length) throws(SystemError) in
        let socket = try ListeningSocket.socket(family, text)
        // Nobody can connect before `listen`, so setting the mode between the two is no race.
        try unsafe ListeningSocket.bind(socket, target, length, text)
        return socket
      }
      self.address = address
      identity = FileIdentity(path)
      // The owner first: changing it may clear bits of the mode.
      try owner?.own(path)
      // SAFETY: a C string for the call alone.
      let result = unsafe chmod(path, mode)
      try checked(result < 0 ? -errno : result, "chmod", text)
    }
    let result = listen(descriptor.rawValue, ListeningSocket.backlogCount)
    try checked(result < 0 ? -errno : result, "listen", text)
  }

  /// Takes over a socket that listens already. A Unix socket's name stays when its owner goes: it
  /// belongs to whoever made it.
  /// - Throws: `EBADF`, `ENOTSOCK` or `EINVAL` for what is no listening stream socket.
  init(passed number: Int32) throws(SystemError) {
    let text = "descriptor \(number)"
    for (option, wanted) in [(SO_TYPE, Int32(SOCK_STREAM.rawValue)), (SO_ACCEPTCONN, 1)] {
      var value: Int32 = 0
      var length = socklen_t(MemoryLayout<Int32>.size)
      // SAFETY: an int, as both options want.
      let result = unsafe getsockopt(number, SOL_SOCKET, option, &value, &length)
      try checked(result < 0 ? -errno : result, "take over", text)
      guard value == wanted else { throw SystemError("take over", text, number: EINVAL) }
    }
    address = try SocketAddress(bound: number)
    try checked(verdict_set_nonblocking(number, 1), "fcntl", text)
    let result = fcntl(number, F_SETFD, FD_CLOEXEC)
    try checked(result < 0 ? -errno : result, "fcntl", text)
    descriptor = FileDescriptor(owning: number)
    identity = nil
  }

  deinit {
    guard case .unix(let path) = address, let identity, identity == FileIdentity(path) else {
      return
    }
    // SAFETY: a C string for the call alone. Somebody may have removed it meanwhile.
    _ = unsafe unlink(path)
  }

  /// To be polled for reading; owned by this object.
  public var rawDescriptor: Int32 { descriptor.rawValue }

  /// Whether only processes of this machine can connect: a Unix socket, or a loopback address.
  public var isWithinMachine: Bool { SocketAddress.isWithinMachine(descriptor) }

  /// The next waiting connection: a non-blocking descriptor that the caller owns, or the negated
  /// errno (`-Errno.wouldBlock` when nobody waits).
  public func acceptRaw() -> Int32 {
    let connection = verdict_accept(descriptor.rawValue)
    if connection >= 0, case .tcp = address { Socket.setNoDelay(connection) }
    return connection
  }

  private static func socket(_ family: Int32, _ text: String) throws(SystemError) -> FileDescriptor
  {
    let socket = FileDescriptor(owning: try checked(verdict_socket(family), "socket", text))
    try checked(verdict_set_nonblocking(socket.rawValue, 1), "fcntl", text)
    return socket
  }

  @unsafe
  private static func bind(
    _ socket: borrowing FileDescriptor, _ target: UnsafePointer<sockaddr>, _ length: socklen_t,
    _ text: String
  ) throws(SystemError) {
    // SAFETY: an address of the C library, alive during the call.
    let result = unsafe Glibc.bind(socket.rawValue, target, length)
    try checked(result < 0 ? -errno : result, "bind", text)
  }

  /// Removes a Unix socket's name when nobody answers behind it.
  private static func removeDead(_ path: String) throws(SystemError) {
    guard let identity = FileIdentity(path) else { return }
    guard identity.isSocket else { throw SystemError("bind", "unix:\(path)", number: EEXIST) }
    do throws(SystemError) {
      _ = try Socket.connect(to: .unix(path: path), timeoutNanoseconds: 1_000_000_000)
    } catch {
      // A full backlog (EAGAIN) or a wait means that somebody lives there.
      guard error.number == ECONNREFUSED else {
        if error.number == ENOENT { return }
        throw SystemError("bind", "unix:\(path)", number: EADDRINUSE)
      }
      return try File.remove(path)
    }
    throw SystemError("bind", "unix:\(path)", number: EADDRINUSE)
  }
}

/// What a name stands for at a moment.
struct FileIdentity: Equatable, Sendable {
  let device: UInt
  let inode: UInt
  let isSocket: Bool

  init?(_ path: String) {
    var status = stat()
    // SAFETY: a C string and a record for the call alone.
    guard unsafe lstat(path, &status) == 0 else { return nil }
    device = UInt(status.st_dev)
    inode = UInt(status.st_ino)
    isSocket = status.st_mode & S_IFMT == S_IFSOCK
  }
}
