internal import COpenSSL
internal import VerdictModel

/// One connection's TLS: ciphertext in, plaintext out, and the other way round. It knows no
/// descriptor, clock or thread. What it makes to be sent lies in its loop's pipe.
///
///     session.feed(ciphertext)
///     while case .bytes(let count) = session.read(into: ...) { ... }
///     session.write(...)
///     send what lies in the pipe, and clear it
@safe
public struct TLSSession: ~Copyable {
  /// What a read gave.
  public enum Reading: Equatable {
    case bytes(Int)
    /// Everything that was fed is used up.
    case none
    /// The peer has ended, as it should.
    case ended
    /// The connection is no good; `failure` says why. An alert may lie in the pipe.
    case failed
  }

  private let session: OpaquePointer
  private let pipe: UnsafeMutablePointer<TLSPipeState>
  /// Whether both sides have shaken hands; nothing of the peer's is looked at before.
  public private(set) var isEstablished = false
  /// Whether the peer has sent anything.
  public private(set) var hasBegun = false
  /// Why the connection failed, for the log; empty before.
  public private(set) var failure = ""

  /// The server's end of a connection.
  /// - Precondition: the pipe outlives the session, and both stay on one thread.
  public init(accepting context: TLSContext, _ pipe: borrowing TLSPipe) {
    self.init(context, pipe)
    unsafe SSL_set_accept_state(session)
  }

  /// The client's end of a connection; its hello lies in the pipe.
  ///
  /// - Parameter host: the name or address that the server's certificate must be for.
  public init(connecting context: TLSContext, to host: String, _ pipe: borrowing TLSPipe)
    throws(TLSError)
  {
    self.init(context, pipe)
    // SAFETY of all: the session is ours; strings are copied.
    unsafe SSL_set_connect_state(session)
    let check = unsafe SSL_get0_param(session)
    // An address is looked for among the certificate's addresses, and is no name to ask for.
    if unsafe X509_VERIFY_PARAM_set1_ip_asc(check, host) != 1 {
      ERR_clear_error()
      let name = unsafe host.utf8CString.span.withUnsafeBufferPointer {
        unsafe SSL_ctrl(
          session, SSL_CTRL_SET_TLSEXT_HOSTNAME, Int(TLSEXT_NAMETYPE_host_name),
          UnsafeMutableRawPointer(mutating: $0.baseAddress))
      }
      guard name == 1, unsafe SSL_set1_host(session, host) == 1 else {
        ERR_clear_error()
        throw TLSError(host, "not the name of a server")
      }
    }
    unsafe _ = SSL_do_handshake(session)
    ERR_clear_error()
  }

  private init(_ context: TLSContext, _ pipe: borrowing TLSPipe) {
    // SAFETY: a fresh session that holds on to its context.
    guard let session = unsafe SSL_new(context.context) else {
      preconditionFailure("out of memory")
    }
    unsafe self.session = session
    unsafe self.pipe = pipe.state
    let bio = unsafe PipeMethod.make(self.pipe)
    unsafe SSL_set_bio(session, bio, bio)
  }

  deinit {
    // SAFETY: nobody else has it. Its BIO goes with it.
    unsafe SSL_free(session)
  }

  /// Takes ciphertext, which stays valid until `read` says `none`.
  @unsafe
  public mutating func feed(_ base: UnsafeRawPointer, _ byteCount: Int) {
    hasBegun = true
    unsafe pipe.pointee.input = base
    unsafe pipe.pointee.inputByteCount = byteCount
  }

  /// Decrypts into `target` as much as there is and fits.
  ///
  /// - Parameter byteCount: room at `target`, more than nothing.
  @unsafe
  public mutating func read(into target: UnsafeMutableRawPointer, byteCount: Int) -> Reading {
    var count = 0
    while count < byteCount {
      var some = 0
      // SAFETY: as much room as is left.
      let result = unsafe SSL_read_ex(session, target + count, byteCount - count, &some)
      if result != 1 { return end(result, count) }
      count += some
    }
    noteEstablished()
    return .bytes(count)
  }

  private mutating func end(_ result: Int32, _ count: Int) -> Reading {
    // SAFETY: asked right after the operation, on the same thread.
    let error = unsafe SSL_get_error(session, result)
    noteEstablished()
    if error == SSL_ERROR_WANT_READ { return count > 0 ? .bytes(count) : .none }
    // What came before the end is delivered first; the end is met again by the next read.
    if count > 0 {
      ERR_clear_error()
      return .bytes(count)
    }
    if error == SSL_ERROR_ZERO_RETURN { return .ended }
    failure = reason()
    return .failed
  }

  private mutating func noteEstablished() {
    guard !isEstablished, unsafe SSL_is_init_finished(session) == 1 else { return }
    isEstablished = true
  }

  /// What went wrong: about the peer's certificate, or what OpenSSL says.
  private func reason() -> String {
    let words = OpenSSLErrors.drain()
    // SAFETY: the session is alive; the answer is a static C string.
    let verdict = unsafe SSL_get_verify_result(session)
    if verdict != Int(X509_V_OK), let text = unsafe X509_verify_cert_error_string(verdict) {
      return unsafe "the peer's certificate: \(String(cString: text))"
    }
    return words.isEmpty ? "the connection broke" : words
  }

  /// Encrypts `byteCount` bytes into the pipe.
  /// - Returns: false when the connection is no good.
  @unsafe
  public mutating func write(_ base: UnsafeRawPointer, _ byteCount: Int) -> Bool {
    guard byteCount > 0 else { return true }
    var written = 0
    // SAFETY: as many bytes as the caller says. The pipe takes everything, so that nothing is left
    // to be repeated.
    let result = unsafe SSL_write_ex(session, base, byteCount, &written)
    if result == 1 && written == byteCount { return true }
    failure = reason()
    return false
  }

  /// Says good-bye to the peer, into the pipe.
  public func end() {
    guard isEstablished, failure.isEmpty else { return }
    // SAFETY: the session is alive. Nobody waits for the peer's good-bye.
    if unsafe SSL_shutdown(session) < 0 { ERR_clear_error() }
  }

  /// Whether the peer agreed to speak HTTP/2. A server has refused any other already.
  public var isHTTP2: Bool {
    var name: UnsafePointer<UInt8>?
    var count: UInt32 = 0
    // SAFETY: the name belongs to the session and is looked at at once.
    unsafe SSL_get0_alpn_selected(session, &name, &count)
    guard let name = unsafe name else { return false }
    return TLSContext.isHTTP2(unsafe ByteView(base: name, count: Int(count)))
  }

  /// `TLSv1.2` or `TLSv1.3`.
  public var version: String {
    // SAFETY: a static C string.
    unsafe SSL_get_version(session).map { unsafe String(cString: $0) } ?? ""
  }

  /// Who the peer is by the certificate that it showed; nil where it showed none, or one that
  /// names nobody in printable characters.
  public var peerName: String? {
    // SAFETY: a certificate that we free.
    guard let certificate = unsafe SSL_get1_peer_certificate(session) else { return nil }
    defer { unsafe X509_free(certificate) }
    return unsafe PeerName.text(of: certificate)
  }
}
