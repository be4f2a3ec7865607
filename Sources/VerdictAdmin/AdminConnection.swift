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
  private var unsent = Outbox()
  /// When the present state began: idle, a head under way, an answer to be taken.
  var sinceNanoseconds: UInt64

  /// Takes over an open descriptor.
  init(_ descriptor: Int32, _ nowNanoseconds: UInt64) {
    self.descriptor = descriptor
    sinceNanoseconds = nowNanoseconds
  }

  deinit { FileDescriptor(owning: descriptor).close() }

  var hasUnsent: Bool { !unsent.isEmpty }

  /// The limit of the time that it has had; nil where there is some left.
  func overdue(_ nowNanoseconds: UInt64) -> Limit? {
    let (limit, nanosecondsMax): (Limit, UInt64) =
      if hasUnsent || isEnding {
        (.writeStall, AdminLimits.requestNanoseconds)
      } else if requests.isInsideHead {
        (.frameTimeout, AdminLimits.requestNanoseconds)
      } else {
        (.idle, AdminLimits.idleNanoseconds)
      }
    return nowNanoseconds &- sinceNanoseconds > nanosecondsMax ? limit : nil
  }

  // MARK: Answers

  /// Answers the request whose head was read, and ends behind too many answers.
  ///
  /// - Parameter limits: of the endpoint, for the metrics; hits are counted in them.
  func answer(_ pages: AdminEndpoint.Pages, _ limits: inout LimitCounts) {
    answer(pages, limits)
    if response.bytes.count > AdminLimits.unsentByteCountMax {
      limits.add(.unsentBytes)
      isEnding = true
    }
  }

  private func answer(_ pages: AdminEndpoint.Pages, _ limits: LimitCounts) {
    guard requests.isGet || requests.isHead else { return add(405, "text/plain", "GET alone\n") }
    let target = requests.target
    let query = target.firstIndex(of: UInt8(ascii: "?"))
    let path = target[0..<(query < 0 ? target.count : query)]
    switch String(decoding: path.array, as: UTF8.self) {
    case "/metrics": add(200, "text/plain; version=0.0.4; charset=utf-8", pages.metrics(limits))
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

  /// Says what is wrong with what came, and is the last to be said.
  func refuse(_ fault: RequestReader.Fault) {
    isEnding = true
    switch fault {
    case .malformed: add(400, "text/plain", "not a request of HTTP/1.1\n")
    case .tooLarge: add(431, "text/plain", "too large a head\n")
    }
  }

  private func add(_ status: Int32, _ type: String, _ body: String) {
    add(status, type, Array(body.utf8))
  }

  private func add(_ status: Int32, _ type: String, _ body: [UInt8]) {
    // Of what was refused nothing is known.
    let isHeadOnly = !isEnding && requests.isHead
    if !requests.keepsAlive { isEnding = true }
    response.begin(status: status)
    "content-type".withByteView { name in
      type.withByteView { response.header(name, $0) }
    }
    body.withByteView {
      response.end(body: $0, isHeadOnly: isHeadOnly, keepsAlive: !isEnding)
    }
  }

  /// Sends what is unsent.
  /// - Returns: false: the peer is gone.
  func flush(_ nowNanoseconds: UInt64) -> Bool {
    unsent.append(response.bytes)
    response.removeAll()
    guard let taken = unsent.send(to: descriptor) else { return false }
    if taken > 0 { sinceNanoseconds = nowNanoseconds }
    if hasUnsent { return true }
    if isEnding, !hasEnded {
      // The peer reads the answer before it learns that nobody listens any more.
      hasEnded = true
      Socket.endWriting(descriptor)
    }
    return true
  }
}
