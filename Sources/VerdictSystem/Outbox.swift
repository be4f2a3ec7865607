/// Bytes on their way into a non-blocking socket.
public struct Outbox {
  private var bytes: [UInt8] = []
  private var sentCount = 0

  public init() {}

  public var isEmpty: Bool { sentCount == bytes.count }

  public mutating func append(_ more: [UInt8]) { bytes.append(contentsOf: more) }

  /// Sends as much as the socket takes.
  /// - Returns: how many bytes it took, 0 where it takes none at present; nil: the peer is gone.
  public mutating func send(to rawDescriptor: Int32) -> Int? {
    let before = sentCount
    while !isEmpty {
      let sent = unsafe bytes.withUnsafeBytes { bytes in
        // SAFETY: not empty, and the rest of it is inside.
        guard let base = bytes.baseAddress else { return 0 }
        return unsafe Socket.write(rawDescriptor, base + sentCount, bytes.count - sentCount)
      }
      if sent == -Int(Errno.interrupted) { continue }
      if sent == -Int(Errno.wouldBlock) { return sentCount - before }
      guard sent > 0 else { return nil }
      sentCount += sent
    }
    let taken = sentCount - before
    bytes.removeAll(keepingCapacity: true)
    sentCount = 0
    return taken
  }
}
