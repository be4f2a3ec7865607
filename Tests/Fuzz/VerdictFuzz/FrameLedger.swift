/// Reads along what a server says and stops the process where it breaks the rules of a stream:
/// headers first, data between headers and trailers, one end, nothing after it.
struct FrameLedger {
  private enum Phase {
    case idle
    case open
    case ended
  }

  private static let headByteCount = 9
  private var phases: [Int: Phase] = [:]
  private var rest: [UInt8] = []

  /// The next bytes of the connection.
  mutating func take(_ bytes: UnsafeRawBufferPointer) {
    unsafe rest.append(contentsOf: bytes)
    var offset = 0
    while rest.count - offset >= Self.headByteCount {
      let head = Array(rest[offset..<offset + Self.headByteCount])
      let length = Int(head[0]) << 16 | Int(head[1]) << 8 | Int(head[2])
      precondition(length <= 16 << 10, "a frame of at most 16 KiB, which every peer takes")
      guard rest.count - offset >= Self.headByteCount + length else { break }
      let stream = head[5..<9].reduce(0) { $0 << 8 | Int($1) }
      take(type: head[3], flags: head[4], stream: stream, length: length)
      offset += Self.headByteCount + length
    }
    rest.removeFirst(offset)
  }

  private mutating func take(type: UInt8, flags: UInt8, stream: Int, length: Int) {
    let isLast = flags & 1 != 0
    switch type {
    case 0:
      precondition(phases[stream] == .open, "data only after headers and before the end")
      if isLast { phases[stream] = .ended }
    case 1:
      precondition(stream & 1 == 1, "answers to a client's streams")
      switch phases[stream] ?? .idle {
      case .idle: phases[stream] = isLast ? .ended : .open
      case .open:
        precondition(isLast, "headers after headers are trailers")
        phases[stream] = .ended
      case .ended: preconditionFailure("nothing after the end of a stream")
      }
    case 3:
      precondition(stream != 0 && length == 4, "a reset is of a stream")
      phases[stream] = .ended
    case 4, 6, 7: precondition(stream == 0, "these are of the connection")
    case 8: precondition(length == 4, "a window's increment is a word")
    case 9: preconditionFailure("our header blocks fit into one frame")
    default: preconditionFailure("we don't say frames of type \(type)")
    }
  }
}
