internal import Glibc

/// Where a server listens or a client connects: `HOST:PORT`, `[V6]:PORT` or `unix:PATH`.
public enum SocketAddress: Sendable, Hashable, CustomStringConvertible {
  case tcp(host: String, port: UInt16)
  case unix(path: String)

  /// Longest path of a Unix socket in bytes (the kernel's 108 with the final zero).
  public static let unixPathByteCountMax = 107

  /// Why a text is not an address, in words for the person who typed it.
  public struct ParseError: Error, Sendable, CustomStringConvertible {
    public let text: String
    /// The same without the text.
    public let reason: String

    public var description: String { "`\(text)`: \(reason)" }
  }

  /// Reads an address as people type it. An IPv6 host stands in brackets; an empty host means
  /// every interface.
  public init(parsing text: String) throws(ParseError) {
    if text.hasPrefix("unix:") {
      let path = String(text.dropFirst(5))
      guard !path.isEmpty else {
        throw ParseError(text: text, reason: "a path must follow `unix:`")
      }
      guard path.utf8.count <= SocketAddress.unixPathByteCountMax else {
        throw ParseError(
          text: text,
          reason: "the path has \(path.utf8.count) bytes, at most "
            + "\(SocketAddress.unixPathByteCountMax) are possible; choose a shorter one")
      }
      guard !path.utf8.contains(0) else {
        throw ParseError(text: text, reason: "a path has no zero byte")
      }
      self = .unix(path: path)
      return
    }
    guard let colon = text.lastIndex(of: ":") else {
      throw ParseError(text: text, reason: "expected HOST:PORT or unix:PATH")
    }
    let digits = text[text.index(after: colon)...]
    guard !digits.isEmpty, digits.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }),
      let port = UInt16(digits)
    else {
      throw ParseError(text: text, reason: "the port must be a number from 0 to 65535")
    }
    var host = String(text[..<colon])
    if host.hasPrefix("[") && host.hasSuffix("]") {
      host = String(host.dropFirst().dropLast())
    } else if host.contains(":") {
      throw ParseError(text: text, reason: "write an IPv6 host in brackets, `[::1]:7070`")
    }
    self = .tcp(host: host, port: port)
  }

  public var isUnix: Bool {
    if case .unix = self { return true }
    return false
  }

  /// The same text that can be parsed again.
  public var description: String {
    switch self {
    case .tcp(let host, let port):
      return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    case .unix(let path): return "unix:\(path)"
    }
  }
}

extension SocketAddress {
  /// Calls `body` with each address of the C library's kind that this one stands for, in order,
  /// until one works.
  ///
  /// - Throws: the error of the last attempt; for a name that is not known, `EADDRNOTAVAIL`.
  func firstWorking(
    passive: Bool,
    _ body: (Int32, UnsafePointer<sockaddr>, socklen_t) throws(SystemError) -> FileDescriptor
  ) throws(SystemError) -> FileDescriptor {
    switch self {
    case .unix(let path): return try unsafe SocketAddress.withUnix(path, body)
    case .tcp(let host, let port):
      var hints = unsafe addrinfo()
      // SAFETY: plain numbers of a zeroed record.
      unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
      unsafe hints.ai_flags = AI_NUMERICSERV | (passive ? AI_PASSIVE : 0)
      var found: UnsafeMutablePointer<addrinfo>?
      // SAFETY: C strings for the call; the list is freed below and not used afterwards.
      let result = unsafe getaddrinfo(host.isEmpty ? nil : host, String(port), &hints, &found)
      guard result == 0 else {
        throw SystemError("resolve", description, number: EADDRNOTAVAIL)
      }
      defer { unsafe freeaddrinfo(found) }
      var last = SystemError("resolve", description, number: EADDRNOTAVAIL)
      var next = unsafe found
      while let candidate = unsafe next {
        // SAFETY: a record of the list, which is alive.
        let record = unsafe candidate.pointee
        if let address = unsafe record.ai_addr {
          do throws(SystemError) {
            return try unsafe body(record.ai_family, address, record.ai_addrlen)
          } catch { last = error }
        }
        unsafe next = record.ai_next
      }
      throw last
    }
  }

  private static func withUnix(
    _ path: String,
    _ body: (Int32, UnsafePointer<sockaddr>, socklen_t) throws(SystemError) -> FileDescriptor
  ) throws(SystemError) -> FileDescriptor {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    guard bytes.count <= unixPathByteCountMax else {
      throw SystemError("address", path, number: ENAMETOOLONG)
    }
    // SAFETY: the path fits with its final zero, as was just checked.
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
    let length = socklen_t(MemoryLayout<sockaddr_un>.size)
    let pointer = UnsafeMutablePointer<sockaddr_un>.allocate(capacity: 1)
    // SAFETY: one record, alive until the end of this function.
    unsafe pointer.initialize(to: address)
    defer { unsafe pointer.deallocate() }
    return try unsafe body(
      AF_UNIX, UnsafeRawPointer(pointer).assumingMemoryBound(to: sockaddr.self), length)
  }

  /// Whether a listening socket can be reached from this machine alone.
  static func isWithinMachine(_ descriptor: borrowing FileDescriptor) -> Bool {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let number = descriptor.rawValue
    // SAFETY: the storage fits every address family.
    let result = unsafe withUnsafeMutablePointer(to: &storage) {
      unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe getsockname(number, $0, &length)
      }
    }
    guard result == 0 else { return false }
    // SAFETY: an IPv4 address follows family and port, an IPv6 address those and its flow.
    return unsafe withUnsafeBytes(of: &storage) { bytes in
      switch Int32(unsafe bytes.loadUnaligned(as: UInt16.self)) {
      case AF_UNIX: return true
      case AF_INET: return unsafe bytes[4] == 127
      case AF_INET6:
        let address = unsafe Array(bytes[8..<24])
        let isMapped = address.starts(with: Array(repeating: 0, count: 10) + [255, 255])
        return address == Array(repeating: 0, count: 15) + [1] || (isMapped && address[12] == 127)
      default: return false
      }
    }
  }

  /// The port that the kernel gave to a listening TCP socket.
  static func boundPort(of descriptor: borrowing FileDescriptor) throws(SystemError) -> UInt16 {
    guard case .tcp(_, let port) = try SocketAddress(bound: descriptor.rawValue) else {
      preconditionFailure("only a TCP socket is asked for its port")
    }
    return port
  }

  /// Where a socket is bound. An abstract name of a Unix socket is written with an `@` in front.
  init(bound number: Int32) throws(SystemError) {
    // SAFETY: the storage and its length are what the call wants.
    try unsafe self.init("getsockname") { unsafe getsockname(number, $0, $1) }
  }

  /// Where the other end of a TCP socket is; nil for others, and where it is gone.
  public init?(peerOf rawDescriptor: Int32) {
    // SAFETY: as above.
    let peer = try? unsafe SocketAddress("getpeername") {
      unsafe getpeername(rawDescriptor, $0, $1)
    }
    guard let peer, !peer.isUnix else { return nil }
    self = peer
  }

  @unsafe
  private init(
    _ operation: String,
    _ name: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
  ) throws(SystemError) {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    // SAFETY: the storage fits every address family.
    let result = unsafe withUnsafeMutablePointer(to: &storage) {
      unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe name($0, &length)
      }
    }
    try checked(result < 0 ? -errno : result, operation)
    let family = Int32(storage.ss_family)
    // SAFETY: the kernel has written a record of the family that it names.
    let bytes = unsafe withUnsafeBytes(of: &storage) {
      unsafe Array($0.prefix(Int(min(length, socklen_t(MemoryLayout<sockaddr_storage>.size)))))
    }
    switch family {
    case AF_UNIX: self = .unix(path: SocketAddress.unixName(bytes.dropFirst(2)))
    // In both internet families the port follows the family's two bytes.
    case AF_INET:
      let host = bytes[4..<8].map { "\($0)" }.joined(separator: ".")
      self = .tcp(host: host, port: UInt16(bytes[2]) << 8 | UInt16(bytes[3]))
    case AF_INET6:
      var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
      // SAFETY: sixteen bytes of an address, and room for its longest text.
      let isText =
        unsafe inet_ntop(
          AF_INET6, Array(bytes[8..<24]), &text, socklen_t(text.count)) != nil
      precondition(isText, "every address has a text")
      let host = String(
        decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      self = .tcp(host: host, port: UInt16(bytes[2]) << 8 | UInt16(bytes[3]))
    default: throw SystemError(operation, "family \(family)", number: EAFNOSUPPORT)
    }
  }

  private static func unixName(_ bytes: ArraySlice<UInt8>) -> String {
    guard let first = bytes.first else { return "" }
    if first == 0 { return "@" + String(decoding: bytes.dropFirst(), as: UTF8.self) }
    return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
  }
}
