internal import VerdictHTTP2
internal import VerdictModel
internal import VerdictSystem

/// A blocking gRPC connection for tools: one call at a time, the same connection for all of them.
/// A connection that the server has ended is made anew by the next call. One thread.
public final class Connection {
  /// Where it goes, as it was given.
  public let address: String
  private let target: SocketAddress
  private let connectTimeoutNanoseconds: UInt64
  private var link: Link?

  /// A descriptor with its session.
  private final class Link {
    let descriptor: FileDescriptor
    let session = ClientSession()
    init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }
  }

  /// Bytes that one read asks for.
  private static let readByteCount = 64 << 10

  /// Connects.
  ///
  /// - Parameters:
  ///   - address: `HOST:PORT`, `[V6]:PORT` or `unix:PATH`.
  ///   - connectTimeoutNanoseconds: how long each attempt to connect may take.
  public init(
    _ address: String, connectTimeoutNanoseconds: UInt64 = 5_000_000_000
  ) throws(ClientError) {
    self.address = address
    self.connectTimeoutNanoseconds = connectTimeoutNanoseconds
    do throws(SocketAddress.ParseError) {
      target = try SocketAddress(parsing: address)
    } catch {
      throw .address(error.description)
    }
    link = try connect()
  }

  /// Makes a unary call and waits for its answer.
  ///
  /// - Parameters:
  ///   - path: `/package.Service/Method`.
  ///   - message: the request's message.
  ///   - timeoutNanoseconds: for the whole call; also told to the server.
  /// - Returns: the reply's message.
  /// - Throws: `status` when the server answered with a failure; otherwise nothing is known about
  ///   whether the server has seen the call.
  public func call(
    path: String, message: [UInt8], timeoutNanoseconds: UInt64
  ) throws(ClientError) -> [UInt8] {
    let end = SystemClock.monotonicNanoseconds().addingReportingOverflow(timeoutNanoseconds)
    let endNanoseconds = end.overflow ? UInt64.max : end.partialValue
    let (link, number) = try started(path, message, timeoutNanoseconds)
    let result = try finished(link, number, endNanoseconds, timeoutNanoseconds)
    guard result.code == 0 else {
      throw .status(code: result.code, message: result.message)
    }
    return result.reply
  }

  /// Queues the call on the present connection, or on a new one when the server has ended that.
  private func started(
    _ path: String, _ message: [UInt8], _ timeoutNanoseconds: UInt64
  ) throws(ClientError) -> (Link, Int32) {
    if let link, !link.session.isOver, !isEnded(link),
      let number = link.session.start(
        path: path, authority: authority, message: message,
        timeoutNanoseconds: timeoutNanoseconds)
    {
      return (link, number)
    }
    let fresh = try connect()
    link = fresh
    guard
      let number = fresh.session.start(
        path: path, authority: authority, message: message,
        timeoutNanoseconds: timeoutNanoseconds)
    else { throw .connection("`\(address)`: the connection takes no calls") }
    return (fresh, number)
  }

  private func finished(
    _ link: Link, _ number: Int32, _ endNanoseconds: UInt64, _ timeoutNanoseconds: UInt64
  ) throws(ClientError) -> ClientResult {
    while true {
      try write(link, endNanoseconds, timeoutNanoseconds)
      if let result = link.session.result(of: number) { return result }
      guard !link.session.isOver else {
        drop()
        throw .connection("`\(address)`: the server closed the connection before it answered")
      }
      guard Socket.waitReadable(link.descriptor.rawValue, timeoutNanoseconds: rest(endNanoseconds))
      else {
        link.session.cancel(number)
        throw timedOut(timeoutNanoseconds)
      }
      try read(link)
    }
  }

  private func write(
    _ link: Link, _ endNanoseconds: UInt64, _ timeoutNanoseconds: UInt64
  ) throws(ClientError) {
    while true {
      let bytes = link.session.drain()
      if bytes.isEmpty { return }
      var sent = 0
      while sent < bytes.count {
        guard
          Socket.waitWritable(link.descriptor.rawValue, timeoutNanoseconds: rest(endNanoseconds))
        else {
          drop()
          throw timedOut(timeoutNanoseconds)
        }
        // SAFETY: the part of the array that is not sent yet.
        let count = unsafe bytes.span.withUnsafeBytes { buffer in
          unsafe buffer.baseAddress.map {
            unsafe Socket.write(link.descriptor.rawValue, $0 + sent, bytes.count - sent)
          } ?? 0
        }
        if count == -Int(Errno.interrupted) || count == -Int(Errno.wouldBlock) { continue }
        guard count > 0 else { throw lost(Int32(-count)) }
        sent += count
      }
    }
  }

  private func read(_ link: Link) throws(ClientError) {
    var bytes = [UInt8](repeating: 0, count: Connection.readByteCount)
    // SAFETY: as many bytes as the array has.
    let count = unsafe bytes.withUnsafeMutableBytes { buffer in
      unsafe buffer.baseAddress.map {
        unsafe Socket.read(link.descriptor.rawValue, $0, Connection.readByteCount)
      } ?? 0
    }
    if count == -Int(Errno.interrupted) || count == -Int(Errno.wouldBlock) { return }
    guard count != 0 else {
      drop()
      throw .connection("`\(address)`: the server closed the connection before it answered")
    }
    guard count > 0 else { throw lost(Int32(-count)) }
    bytes.removeSubrange(count...)
    guard bytes.withByteView({ link.session.receive($0) }) else {
      drop()
      throw .connection("`\(address)`: the server does not speak HTTP/2; is it a gRPC port?")
    }
  }

  private func connect() throws(ClientError) -> Link {
    do throws(SystemError) {
      return Link(
        try Socket.connect(to: target, timeoutNanoseconds: connectTimeoutNanoseconds))
    } catch {
      throw .connection("\(error.description); is the server running?")
    }
  }

  /// Takes what the server has said since the last call, and tells whether that was good-bye.
  private func isEnded(_ link: Link) -> Bool {
    while Socket.waitReadable(link.descriptor.rawValue, timeoutNanoseconds: 0) {
      do throws(ClientError) { try read(link) } catch { return true }
      if link.session.isOver { return true }
    }
    return false
  }

  /// What the server is called: the host and port, or `localhost` on a Unix socket, whose path
  /// HTTP/2 would not take.
  private var authority: String {
    if case .unix = target { return "localhost" }
    return address
  }

  private func drop() { link = nil }

  private func lost(_ number: Int32) -> ClientError {
    drop()
    return .connection("`\(address)`: connection lost: \(SystemError.text(of: number))")
  }

  private func timedOut(_ timeoutNanoseconds: UInt64) -> ClientError {
    .timedOut(address: address, seconds: Double(timeoutNanoseconds) / 1e9)
  }

  private func rest(_ endNanoseconds: UInt64) -> UInt64 {
    endNanoseconds - min(endNanoseconds, SystemClock.monotonicNanoseconds())
  }
}
