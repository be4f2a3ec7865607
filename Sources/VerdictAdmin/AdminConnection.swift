internal import VerdictHTTP1
internal import VerdictModel
internal import VerdictSystem

/// A scraper's connection, of the endpoint's thread.
final class AdminConnection {
  let descriptor: Int32
  let requests = RequestReader()
  /// The last answer is on its way, or out.
  private(set) var isEnding = false
  private var hasEnded = false
  private var response = ResponseText()
  private var sentCount = 0
  /// When the present state began: idle, a head under way, an answer to be taken.
  var sinceNanoseconds: UInt64

  /// Takes over an open descriptor.
  init(_ descriptor: Int32, _ nowNanoseconds: UInt64) {
    self.descriptor = descriptor
    sinceNanoseconds = nowNanoseconds
  }

  deinit { FileDescriptor(owning: descriptor).close() }

  var hasUnsent: Bool { sentCount < response.bytes.count }

  /// Whether it has had its time.
  func isOverdue(_ nowNanoseconds: UInt64) -> Bool {
    let isIdle = !hasUnsent && !isEnding && !requests.isInsideHead
    let limit = isIdle ? AdminLimits.idleNanoseconds : AdminLimits.requestNanoseconds
    return nowNanoseconds &- sinceNanoseconds > limit
  }

  // MARK: Answers

  /// Answers the request whose head was read.
  func answer(_ pages: AdminEndpoint.Pages) {
    guard requests.isGet || requests.isHead else { return add(405, "text/plain", "GET alone\n") }
    let target = requests.target
    let query = target.firstIndex(of: UInt8(ascii: "?"))
    let path = target[0..<(query < 0 ? target.count : query)]
    switch String(decoding: path.array, as: UTF8.self) {
    case "/metrics": add(200, "text/plain; version=0.0.4; charset=utf-8", pages.metrics())
    case "/healthz": add(200, "text/plain", "ok\n")
    case "/readyz":
      if pages.isReady() {
        add(200, "text/plain", "ready\n")
      } else {
        add(503, "text/plain", "not ready\n")
      }
    case "/info": add(200, "application/json", pages.info())
    default: add(404, "text/plain", "/metrics, /healthz, /readyz or /info\n")
    }
  }

  func refuse(_ fault: RequestReader.Fault) {
    switch fault {
    case .malformed: add(400, "text/plain", "not a request of HTTP/1.1\n")
    case .tooLarge: add(431, "text/plain", "too large a head\n")
    }
    isEnding = true
  }

  private func add(_ status: Int32, _ type: String, _ body: String) {
    add(status, type, Array(body.utf8))
  }

  private func add(_ status: Int32, _ type: String, _ body: [UInt8]) {
    if !requests.keepsAlive { isEnding = true }
    response.begin(status: status)
    "content-type".withByteView { name in
      type.withByteView { response.header(name, $0) }
    }
    body.withByteView {
      response.end(body: $0, isHeadOnly: requests.isHead, keepsAlive: requests.keepsAlive)
    }
    if response.bytes.count > AdminLimits.unsentByteCountMax { isEnding = true }
  }

  /// Sends what is unsent.
  /// - Returns: false: the peer is gone.
  func flush(_ nowNanoseconds: UInt64) -> Bool {
    while hasUnsent {
      let sent = unsafe response.bytes.withUnsafeBytes { bytes in
        // SAFETY: not empty, and the rest of it is inside.
        guard let base = bytes.baseAddress else { return 0 }
        return unsafe Socket.write(descriptor, base + sentCount, bytes.count - sentCount)
      }
      if sent == -Int(Errno.interrupted) { continue }
      if sent == -Int(Errno.wouldBlock) { return true }
      guard sent > 0 else { return false }
      sentCount += sent
      sinceNanoseconds = nowNanoseconds
    }
    response.removeAll()
    sentCount = 0
    if isEnding, !hasEnded {
      // The peer reads the answer before it learns that nobody listens any more.
      hasEnded = true
      Socket.endWriting(descriptor)
    }
    return true
  }
}
