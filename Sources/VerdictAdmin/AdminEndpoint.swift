internal import FlyingFox
internal import FlyingSocks
internal import Foundation
internal import Synchronization
public import VerdictSystem

/// The pages for operators and scrapers, by HTTP/1.1.
///
/// | Path | Answers |
/// |---|---|
/// | `/metrics` | the text format of Prometheus |
/// | `/healthz` | 200 as long as the process answers |
/// | `/readyz` | 200 where decisions are answered, else 503 |
/// | `/info` | version and what is in force, as JSON |
///
/// FlyingFox does the work on threads of Swift's own pool; no event loop ever sees any of it.
public final class AdminEndpoint: Sendable {
  /// What the pages say, asked for each request, on any thread.
  public struct Pages: Sendable {
    public var metrics: @Sendable () -> String
    public var isReady: @Sendable () -> Bool
    public var info: @Sendable () -> [UInt8]

    public init(
      metrics: @escaping @Sendable () -> String, isReady: @escaping @Sendable () -> Bool,
      info: @escaping @Sendable () -> [UInt8]
    ) {
      self.metrics = metrics
      self.isReady = isReady
      self.info = info
    }
  }

  /// Where it listens, with the port that the kernel chose.
  public let address: VerdictSystem.SocketAddress
  private let server: HTTPServer
  private let task: Task<Void, any Error>

  /// Why it doesn't listen, for people.
  public struct StartError: Error, Sendable, CustomStringConvertible {
    public let description: String
  }

  /// Listens, and answers until `stop`.
  /// - Throws: an address that can't be listened on.
  public init(_ address: VerdictSystem.SocketAddress, _ pages: Pages) throws(StartError) {
    let handler = AdminHandler(pages: pages)
    let server = try AdminEndpoint.server(address, handler)
    self.server = server
    let task = Task { try await server.run() }
    self.task = task
    let result = AdminEndpoint.wait {
      do {
        try await server.waitUntilListening(timeout: AdminEndpoint.startSeconds)
        return await server.listeningAddress
      } catch { return nil }
    }
    switch result {
    case .some(.ip4(let host, let port)), .some(.ip6(let host, let port)):
      self.address = .tcp(host: host, port: port)
    case .some(.unix(let path)):
      self.address = .unix(path: path)
      // SAFETY: a C string for the call alone.
      _ = unsafe chmod(path, 0o600)
    case nil:
      task.cancel()
      throw StartError(
        description: "`\(address)`: the admin endpoint can't listen there; name another address "
          + "or `none` with --admin")
    }
  }

  /// How long listening may take; it is a matter of system calls.
  private static let startSeconds: Double = 5
  /// Seconds that a scraper may take to ask or to read.
  private static let requestSeconds: Double = 10

  private static func server(
    _ address: VerdictSystem.SocketAddress, _ handler: AdminHandler
  ) throws(StartError) -> HTTPServer {
    do {
      switch address {
      case .unix(let path):
        return HTTPServer(
          address: sockaddr_un.unix(path: path), timeout: requestSeconds,
          logger: .disabled, handler: handler)
      case .tcp(let host, let port) where host.contains(":"):
        return HTTPServer(
          address: try sockaddr_in6.inet6(ip6: host, port: port), timeout: requestSeconds,
          logger: .disabled, handler: handler)
      case .tcp("", let port):
        return HTTPServer(
          address: sockaddr_in6.inet6(port: port), timeout: requestSeconds,
          logger: .disabled, handler: handler)
      case .tcp(let host, let port):
        return HTTPServer(
          address: try sockaddr_in.inet(
            ip4: host == "localhost" ? "127.0.0.1" : host, port: port),
          timeout: requestSeconds, logger: .disabled, handler: handler)
      }
    } catch {
      throw StartError(
        description: "`\(address)`: expected an IP address and a port, unix:PATH or none")
    }
  }

  /// Stops to listen. What is being answered is cut off: nobody's decision is in it.
  public func stop() {
    AdminEndpoint.wait { [server] in await server.stop() }
    task.cancel()
    // SAFETY: a C string for the call alone.
    if case .unix(let path) = address { _ = unsafe unlink(path) }
  }

  /// Waits on this thread for work of the pool's.
  @discardableResult
  private static func wait<Value: Sendable>(
    _ body: @escaping @Sendable () async -> Value
  ) -> Value {
    let done = DispatchSemaphore(value: 0)
    let box = ResultBox<Value>()
    Task {
      let value = await body()
      box.result.withLock { $0 = value }
      done.signal()
    }
    done.wait()
    guard let value = box.result.withLock({ $0 }) else {
      preconditionFailure("the work is done when it says so")
    }
    return value
  }
}

private final class ResultBox<Value: Sendable>: Sendable {
  let result = Mutex<Value?>(nil)
}

/// Answers a request of the admin endpoint.
private struct AdminHandler: HTTPHandler {
  let pages: AdminEndpoint.Pages

  func handleRequest(_ request: HTTPRequest) async throws -> HTTPResponse {
    guard request.method == .GET || request.method == .HEAD else {
      return page(.methodNotAllowed, "text/plain", "GET alone\n")
    }
    switch request.path {
    case "/metrics":
      return page(.ok, "text/plain; version=0.0.4; charset=utf-8", pages.metrics())
    case "/healthz":
      return page(.ok, "text/plain", "ok\n")
    case "/readyz":
      return pages.isReady()
        ? page(.ok, "text/plain", "ready\n")
        : page(.serviceUnavailable, "text/plain", "not ready\n")
    case "/info":
      return page(.ok, "application/json", String(decoding: pages.info(), as: UTF8.self))
    default:
      return page(.notFound, "text/plain", "/metrics, /healthz, /readyz or /info\n")
    }
  }

  private func page(_ status: HTTPStatusCode, _ type: String, _ body: String) -> HTTPResponse {
    HTTPResponse(
      statusCode: status, headers: [.contentType: type], body: Data(body.utf8))
  }
}
