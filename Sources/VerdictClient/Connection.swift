internal import VerdictHTTP2
internal import VerdictModel
internal import VerdictSystem
internal import VerdictTLS

/// A blocking gRPC connection for tools: one call at a time, the same connection for all of them.
/// A connection that the server has ended is made anew by the next call. One thread.
public final class Connection {
  /// Where it goes, as it was given.
  public let address: String
  private let target: SocketAddress
  private let connectTimeoutNanoseconds: UInt64
  /// nil: plaintext.
  private let security: (context: TLSContext, serverName: String)?
  private var link: Link?

  /// Connects.
  ///
  /// - Parameters:
  ///   - address: `HOST:PORT`, `[V6]:PORT` or `unix:PATH`.
  ///   - security: TLS; nil for plaintext, as on a Unix socket.
  ///   - connectTimeoutNanoseconds: how long each attempt to connect may take.
  public init(
    _ address: String, security: ClientSecurity? = nil,
    connectTimeoutNanoseconds: UInt64 = 5_000_000_000
  ) throws(ClientError) {
    self.address = address
    self.connectTimeoutNanoseconds = connectTimeoutNanoseconds
    do throws(SocketAddress.ParseError) {
      target = try SocketAddress(parsing: address)
    } catch {
      throw .address(error.description)
    }
    self.security = try Connection.prepared(security, target)
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
    do throws(LinkFailure) {
      while try link.sendSome(endNanoseconds: endNanoseconds) {}
    } catch {
      throw failed(error, timeoutNanoseconds)
    }
  }

  private func read(_ link: Link) throws(ClientError) {
    do throws(LinkFailure) {
      try link.receiveSome()
    } catch {
      throw failed(error, 0)
    }
  }

  private func connect() throws(ClientError) -> Link {
    let end = SystemClock.monotonicNanoseconds() &+ connectTimeoutNanoseconds
    let descriptor: FileDescriptor
    do throws(SystemError) {
      descriptor = try Socket.connect(to: target, timeoutNanoseconds: connectTimeoutNanoseconds)
    } catch {
      throw .connection("\(error.description); is the server running?")
    }
    do throws(LinkFailure) {
      let link = try Link(descriptor, security)
      try link.shakeHands(endNanoseconds: end)
      return link
    } catch {
      throw failed(error, connectTimeoutNanoseconds)
    }
  }

  private static func prepared(
    _ security: ClientSecurity?, _ target: SocketAddress
  ) throws(ClientError) -> (context: TLSContext, serverName: String)? {
    guard let security else { return nil }
    let context = try security.context()
    if let name = security.serverName { return (context, name) }
    guard case .tcp(let host, _) = target else {
      throw .security(
        "`\(target)`: TLS over a Unix socket needs the name of the server's certificate")
    }
    return (context, host)
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

  /// What a lost link means for the caller; the next call makes a new one.
  private func failed(_ failure: LinkFailure, _ timeoutNanoseconds: UInt64) -> ClientError {
    drop()
    switch failure {
    case .ended:
      return .connection("`\(address)`: the server closed the connection before it answered")
    case .lost(let number):
      return .connection("`\(address)`: connection lost: \(SystemError.text(of: number))")
    case .notHTTP2:
      return .connection("`\(address)`: the server does not speak HTTP/2; is it a gRPC port?")
    case .security(let words): return .connection("`\(address)`: TLS: \(words)")
    case .timedOut: return timedOut(timeoutNanoseconds)
    }
  }

  private func timedOut(_ timeoutNanoseconds: UInt64) -> ClientError {
    .timedOut(address: address, seconds: Double(timeoutNanoseconds) / 1e9)
  }

  private func rest(_ endNanoseconds: UInt64) -> UInt64 {
    endNanoseconds - min(endNanoseconds, SystemClock.monotonicNanoseconds())
  }
}
