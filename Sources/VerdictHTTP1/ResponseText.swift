public import VerdictModel

/// Answers in HTTP/1.1, put together in a buffer that is kept.
public struct ResponseText: ~Copyable {
  public private(set) var bytes: [UInt8] = []

  public init() {}

  public mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

  /// Begins an answer.
  public mutating func begin(status: Int32) {
    add("HTTP/1.1 ")
    add("\(status) ")
    add(ResponseText.reason(status))
    add("\r\n")
  }

  /// - Precondition: neither has a byte that would end the line; what comes from anybody else is
  ///   percent-encoded before.
  public mutating func header(_ name: ByteView, _ value: ByteView) {
    add(name)
    add(": ")
    add(value)
    add("\r\n")
  }

  /// Ends the head, with the body's length, and adds the body unless only the head was asked for.
  public mutating func end(body: ByteView, isHeadOnly: Bool, keepsAlive: Bool) {
    add("content-length: \(body.count)\r\n")
    if !keepsAlive { add("connection: close\r\n") }
    add("\r\n")
    if !isHeadOnly { add(body) }
  }

  private mutating func add(_ text: String) { bytes.append(contentsOf: text.utf8) }

  private mutating func add(_ text: ByteView) {
    for index in 0..<text.count { bytes.append(text[index]) }
  }

  private static func reason(_ status: Int32) -> String {
    switch status {
    case 200: "OK"
    case 400: "Bad Request"
    case 401: "Unauthorized"
    case 403: "Forbidden"
    case 404: "Not Found"
    case 405: "Method Not Allowed"
    case 431: "Request Header Fields Too Large"
    default: "Service Unavailable"
    }
  }
}
