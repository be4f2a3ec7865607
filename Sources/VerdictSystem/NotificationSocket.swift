internal import Glibc

/// Where a supervisor hears how a service is: the protocol of `sd_notify(3)`, datagrams of
/// `KEY=VALUE` lines to the Unix socket that `NOTIFY_SOCKET` names, by path or, after an `@`, as an
/// abstract name.
public struct NotificationSocket: ~Copyable, Sendable {
  private let descriptor: FileDescriptor
  private let name: String

  /// - Throws: for a name that is neither a path nor abstract, `EAFNOSUPPORT`; for one that is too
  ///   long, `ENAMETOOLONG`; else what `socket(2)` says.
  public init(name: String) throws(SystemError) {
    guard name.hasPrefix("/") || name.hasPrefix("@") else {
      throw SystemError("notify", name, number: EAFNOSUPPORT)
    }
    guard name.utf8.count > 1, name.utf8.count <= SocketAddress.unixPathByteCountMax else {
      throw SystemError("notify", name, number: ENAMETOOLONG)
    }
    let kind = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    let number = Glibc.socket(AF_UNIX, kind, 0)
    descriptor = FileDescriptor(
      owning: try checked(number < 0 ? -errno : number, "socket", name))
    self.name = name
  }

  /// Sends one datagram without ever waiting for room.
  /// - Throws: what `sendto(2)` says; `ECONNREFUSED` or `ENOENT` where nobody listens.
  public func send(_ text: String) throws(SystemError) {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    var bytes = Array(name.utf8)
    // An abstract name begins with a zero byte, and ends where its length says.
    if bytes[0] == UInt8(ascii: "@") { bytes[0] = 0 }
    // SAFETY: the name fits, as the initialiser has checked.
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
    let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count + (bytes[0] == 0 ? 0 : 1))
    let flags = Int32(MSG_NOSIGNAL | MSG_DONTWAIT)
    let message = Array(text.utf8)
    let number = descriptor.rawValue
    // SAFETY: an address and a message that live through the call, with their lengths.
    let sent = unsafe withUnsafePointer(to: &address) {
      unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe sendto(number, message, message.count, flags, $0, length)
      }
    }
    try checked(sent < 0 ? -Int(errno) : sent, "notify", name)
  }
}
