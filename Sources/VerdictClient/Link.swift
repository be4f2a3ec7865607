internal import VerdictHTTP2
internal import VerdictModel
internal import VerdictSystem
internal import VerdictTLS

/// Why a link is of no more use.
enum LinkFailure: Error {
  case ended
  /// The kernel's error number.
  case lost(Int32)
  case notHTTP2
  case security(String)
  case timedOut
}

/// A descriptor with its sessions: HTTP/2, and TLS below it where that is wanted.
final class Link {
  /// Bytes that one read asks for.
  private static let readByteCount = 64 << 10

  let descriptor: FileDescriptor
  let session: ClientSession
  private let pipe = TLSPipe()
  private var tls: TLSSession?

  init(
    _ descriptor: consuming FileDescriptor,
    _ security: (context: TLSContext, serverName: String)?
  ) throws(LinkFailure) {
    self.descriptor = descriptor
    session = ClientSession(isSecured: security != nil)
    guard let security else { return }
    do throws(TLSError) {
      tls = try TLSSession(connecting: security.context, to: security.serverName, pipe)
    } catch {
      throw .security(error.description)
    }
  }

  /// Makes the connection secure; nothing to do in plaintext.
  func shakeHands(endNanoseconds: UInt64) throws(LinkFailure) {
    guard tls != nil else { return }
    while tls?.isEstablished == false {
      try sendPipe(endNanoseconds)
      guard Socket.waitReadable(descriptor.rawValue, timeoutNanoseconds: rest(endNanoseconds))
      else { throw .timedOut }
      try receiveSome()
    }
    try sendPipe(endNanoseconds)
    if tls?.isHTTP2 == false { throw .notHTTP2 }
  }

  /// Sends a piece of what the session has queued.
  /// - Returns: false when there was nothing.
  func sendSome(endNanoseconds: UInt64) throws(LinkFailure) -> Bool {
    let bytes = session.drain()
    if bytes.isEmpty { return false }
    guard tls != nil else {
      try send(bytes, endNanoseconds)
      return true
    }
    // SAFETY: the bytes live through the call.
    let isEncrypted = unsafe bytes.span.withUnsafeBytes { buffer in
      guard let base = buffer.baseAddress else { return true }
      return unsafe tls?.write(base, buffer.count) ?? false
    }
    guard isEncrypted else { throw .security(tls?.failure ?? "") }
    try sendPipe(endNanoseconds)
    return true
  }

  /// Sends what TLS has made.
  private func sendPipe(_ endNanoseconds: UInt64) throws(LinkFailure) {
    // SAFETY: as many bytes as the pipe says, copied at once.
    let bytes = unsafe Array(
      UnsafeRawBufferPointer(start: pipe.output, count: pipe.outputByteCount))
    pipe.clear()
    try send(bytes, endNanoseconds)
  }

  private func send(_ bytes: [UInt8], _ endNanoseconds: UInt64) throws(LinkFailure) {
    var sent = 0
    while sent < bytes.count {
      guard Socket.waitWritable(descriptor.rawValue, timeoutNanoseconds: rest(endNanoseconds))
      else { throw .timedOut }
      // SAFETY: the part of the array that is not sent yet.
      let count = unsafe bytes.span.withUnsafeBytes { buffer in
        unsafe buffer.baseAddress.map {
          unsafe Socket.write(descriptor.rawValue, $0 + sent, bytes.count - sent)
        } ?? 0
      }
      if count == -Int(Errno.interrupted) || count == -Int(Errno.wouldBlock) { continue }
      guard count > 0 else { throw .lost(Int32(-count)) }
      sent += count
    }
  }

  /// Takes what has come, without waiting.
  func receiveSome() throws(LinkFailure) {
    var bytes = [UInt8](repeating: 0, count: Link.readByteCount)
    // SAFETY: as many bytes as the array has.
    let count = unsafe bytes.withUnsafeMutableBytes { buffer in
      unsafe buffer.baseAddress.map {
        unsafe Socket.read(descriptor.rawValue, $0, Link.readByteCount)
      } ?? 0
    }
    if count == -Int(Errno.interrupted) || count == -Int(Errno.wouldBlock) { return }
    guard count != 0 else { throw .ended }
    guard count > 0 else { throw .lost(Int32(-count)) }
    bytes.removeSubrange(count...)
    if tls != nil {
      try receiveSecured(bytes)
    } else if !bytes.withByteView({ session.receive($0) }) {
      throw .notHTTP2
    }
  }

  private func receiveSecured(_ bytes: [UInt8]) throws(LinkFailure) {
    var plain: [UInt8] = []
    // SAFETY: the bytes live until all of them are used up.
    let reading = unsafe bytes.span.withUnsafeBytes { buffer in
      unsafe buffer.baseAddress.map { unsafe decrypt($0, buffer.count, into: &plain) } ?? .none
    }
    if !plain.isEmpty, !plain.withByteView({ session.receive($0) }) { throw .notHTTP2 }
    switch reading {
    case .failed: throw .security(tls?.failure ?? "")
    case .ended: throw .ended
    case .bytes, .none: return
    }
  }

  @unsafe
  private func decrypt(
    _ base: UnsafeRawPointer, _ byteCount: Int, into plain: inout [UInt8]
  ) -> TLSSession.Reading {
    unsafe tls?.feed(base, byteCount)
    var room = [UInt8](repeating: 0, count: 17 << 10)
    while true {
      // SAFETY: as much room as the array has.
      let reading = unsafe room.withUnsafeMutableBytes { buffer in
        unsafe buffer.baseAddress.flatMap {
          unsafe tls?.read(into: $0, byteCount: buffer.count)
        } ?? .ended
      }
      guard case .bytes(let count) = reading else { return reading }
      plain.append(contentsOf: room[..<count])
    }
  }

  private func rest(_ endNanoseconds: UInt64) -> UInt64 {
    endNanoseconds - min(endNanoseconds, SystemClock.monotonicNanoseconds())
  }
}
