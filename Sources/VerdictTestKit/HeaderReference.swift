internal import CNghttp2

/// nghttp2's own check of HTTP's rules: a plain server session with nothing switched off, asked
/// about one request at a time.
@safe
public final class HeaderReference {
  private final class Verdict {
    var isRefused = false
    var isWhole = false
  }

  private let verdict = Verdict()
  private var callbacks: OpaquePointer?
  private var session: OpaquePointer?
  private var stream = 1

  public init() {
    unsafe nghttp2_session_callbacks_new(&callbacks)
    // What nghttp2 would only drop counts as refused too: our rules don't drop.
    unsafe nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks) {
      _, _, _, _, _, _, _, _ in
      NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue
    }
    unsafe nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks) {
      _, _, _, data in
      unsafe HeaderReference.verdict(data).isRefused = true
      return 0
    }
    unsafe nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) { _, frame, data in
      if let frame = unsafe frame, unsafe frame.pointee.hd.type == 1 {
        unsafe HeaderReference.verdict(data).isWhole = true
      }
      return 0
    }
    renew()
  }

  /// A session in which nothing was reset yet: nghttp2 ends one with too many resets.
  private func renew() {
    unsafe nghttp2_session_del(session)
    unsafe nghttp2_session_server_new(
      &session, callbacks, Unmanaged.passUnretained(verdict).toOpaque())
    stream = 1
    feed(Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + Self.frame(4, 0, 0, []))
  }

  deinit {
    unsafe nghttp2_session_del(session)
    unsafe nghttp2_session_callbacks_del(callbacks)
  }

  private static func verdict(_ data: UnsafeMutableRawPointer?) -> Verdict {
    // SAFETY: the session lives in the object that owns the verdict.
    unsafe Unmanaged<Verdict>.fromOpaque(data!).takeUnretainedValue()
  }

  private func feed(_ bytes: [UInt8]) {
    unsafe bytes.withUnsafeBufferPointer {
      _ = unsafe nghttp2_session_mem_recv(session, $0.baseAddress, $0.count)
    }
    var chunk: UnsafePointer<UInt8>?
    while unsafe nghttp2_session_mem_send(session, &chunk) > 0 {}
  }

  /// Whether it takes this request without a word.
  public func accepts(_ headers: [(name: [UInt8], value: [UInt8])]) -> Bool {
    if stream > 1_000 { renew() }
    (verdict.isRefused, verdict.isWhole) = (false, false)
    feed(Self.frame(1, 4, stream, Self.block(headers)))
    feed(Self.frame(3, 0, stream, [0, 0, 0, 8]))
    stream += 2
    return verdict.isWhole && !verdict.isRefused
  }

  // MARK: Frames

  private static func frame(
    _ type: UInt8, _ flags: UInt8, _ stream: Int, _ payload: [UInt8]
  ) -> [UInt8] {
    (0..<3).map { UInt8(payload.count >> (16 - 8 * $0) & 255) } + [type, flags]
      + (0..<4).map { UInt8(stream >> (24 - 8 * $0) & 255) } + payload
  }

  /// A header block of literals that are never indexed.
  private static func block(_ headers: [(name: [UInt8], value: [UInt8])]) -> [UInt8] {
    headers.flatMap { name, value in [0x10] + text(name) + text(value) }
  }

  private static func text(_ bytes: [UInt8]) -> [UInt8] {
    guard bytes.count >= 127 else { return [UInt8(bytes.count)] + bytes }
    var rest = bytes.count - 127
    var result: [UInt8] = [127]
    while rest >= 128 {
      result.append(UInt8(rest & 127 | 128))
      rest >>= 7
    }
    return result + [UInt8(rest)] + bytes
  }
}
