internal import COpenSSL
internal import VerdictModel

/// What the connections of one loop have in common: certificates, key, and the rules.
///
/// Only TLS 1.2 and 1.3; only `h2`, and a client that doesn't offer it is refused while it shakes
/// hands; no renegotiation, no early data, and no sessions that are taken up again: connections of
/// gRPC live long, and so every one of them has its certificates looked at.
@safe
public final class TLSContext: @unchecked Sendable {
  // `@unchecked`: OpenSSL's contexts may be used from any thread once they are set up.
  let context: OpaquePointer
  /// When the own certificate ends, as seconds since 1970; 0 where there is none.
  public private(set) var endSeconds: Int64 = 0

  /// Of a server.
  /// - Throws: what is wrong with which file.
  public init(server material: TLSMaterial) throws(TLSError) {
    // SAFETY of all in here: the context is ours until `deinit`.
    unsafe context = try TLSContext.make(TLS_server_method())
    guard let certificate = material.certificate, let key = material.key else {
      throw TLSError("", "a server needs a certificate and its key")
    }
    try use(certificate, key)
    if let authorities = material.authorities {
      try believe(authorities, namesThem: true)
      unsafe SSL_CTX_set_verify(
        context,
        material.requiresClientCertificate
          ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT : SSL_VERIFY_PEER, nil)
    }
    unsafe SSL_CTX_set_client_hello_cb(
      context, { session, alert, _ in unsafe TLSContext.requireProtocolList(session, alert) }, nil)
    unsafe SSL_CTX_set_alpn_select_cb(
      context,
      { _, chosen, chosenCount, offered, offeredCount, _ in
        unsafe TLSContext.choose(chosen, chosenCount, offered, offeredCount)
      }, nil)
  }

  /// Of a client.
  /// - Throws: what is wrong with which file.
  public init(client material: TLSMaterial) throws(TLSError) {
    unsafe context = try TLSContext.make(TLS_client_method())
    if let certificate = material.certificate {
      guard let key = material.key else {
        throw TLSError(certificate.path, "a certificate needs its key; name it too")
      }
      try use(certificate, key)
    } else if let key = material.key {
      throw TLSError(key.path, "a key needs its certificate; name it too")
    }
    if let authorities = material.authorities {
      try believe(authorities, namesThem: false)
    } else if unsafe SSL_CTX_set_default_verify_paths(context) != 1 {
      throw TLSError.openSSL("", "the system's certificate authorities are not readable")
    }
    unsafe SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
    let offered: [UInt8] = [2, UInt8(ascii: "h"), UInt8(ascii: "2")]
    // SAFETY: the list is copied.
    let result = unsafe offered.span.withUnsafeBufferPointer {
      unsafe SSL_CTX_set_alpn_protos(context, $0.baseAddress, UInt32($0.count))
    }
    precondition(result == 0, "out of memory")
  }

  deinit {
    // SAFETY: connections hold on to it by themselves.
    unsafe SSL_CTX_free(context)
  }

  private static func make(_ method: OpaquePointer?) throws(TLSError) -> OpaquePointer {
    // SAFETY: a fresh context, or null where memory is out or the system's OpenSSL is broken.
    guard let context = unsafe SSL_CTX_new(method) else {
      throw TLSError.openSSL("", "OpenSSL can't be set up")
    }
    unsafe SSL_CTX_ctrl(
      context, SSL_CTRL_SET_MIN_PROTO_VERSION, Int(TLS1_2_VERSION), nil)
    unsafe SSL_CTX_ctrl(
      context, SSL_CTRL_SET_MAX_PROTO_VERSION, Int(TLS1_3_VERSION), nil)
    // The bits of `SSL_OP_NO_TICKET`, `SSL_OP_NO_COMPRESSION` and `SSL_OP_NO_RENEGOTIATION`, whose
    // macros Swift can't import.
    _ = unsafe SSL_CTX_set_options(context, 1 << 14 | 1 << 17 | 1 << 30)
    unsafe SSL_CTX_ctrl(context, SSL_CTRL_SET_SESS_CACHE_MODE, Int(SSL_SESS_CACHE_OFF), nil)
    unsafe SSL_CTX_set_num_tickets(context, 0)
    // HTTP/2 forbids whatever has no forward secrecy or no authenticated encryption.
    let result = unsafe SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20")
    guard result == 1 else { throw TLSError.openSSL("", "OpenSSL offers none of our ciphers") }
    return unsafe context
  }

  /// Takes the own chain and key.
  private func use(_ certificate: PEMFile, _ key: PEMFile) throws(TLSError) {
    var isFirst = true
    try unsafe PEMReader.forEachCertificate(certificate) { one throws(TLSError) in
      // SAFETY: OpenSSL takes its own hold on the certificate.
      let result =
        isFirst
        ? unsafe Int(SSL_CTX_use_certificate(context, one))
        : unsafe SSL_CTX_ctrl(context, SSL_CTRL_CHAIN_CERT, 1, UnsafeMutableRawPointer(one))
      guard result == 1 else {
        throw TLSError.openSSL(certificate.path, "the certificate can't be used")
      }
      if isFirst { endSeconds = unsafe PEMReader.endSeconds(one) }
      isFirst = false
    }
    let own = try unsafe PEMReader.key(key)
    // SAFETY: as above.
    defer { unsafe EVP_PKEY_free(own) }
    guard unsafe SSL_CTX_use_PrivateKey(context, own) == 1,
      unsafe SSL_CTX_check_private_key(context) == 1
    else {
      ERR_clear_error()
      throw TLSError(key.path, "not the key of the certificate in `\(certificate.path)`")
    }
  }

  private func believe(_ authorities: PEMFile, namesThem: Bool) throws(TLSError) {
    // SAFETY: the store belongs to the context; both take holds of their own.
    let store = unsafe SSL_CTX_get_cert_store(context)
    try unsafe PEMReader.forEachCertificate(authorities) { one throws(TLSError) in
      guard unsafe X509_STORE_add_cert(store, one) == 1,
        unsafe !namesThem || SSL_CTX_add_client_CA(context, one) == 1
      else { throw TLSError.openSSL(authorities.path, "the certificate can't be used") }
    }
  }

  // MARK: ALPN

  static func isHTTP2(_ name: ByteView) -> Bool {
    name.count == 2 && name[0] == UInt8(ascii: "h") && name[1] == UInt8(ascii: "2")
  }

  /// Refuses a hello without a list of protocols, for which OpenSSL would not ask `choose`.
  @unsafe
  private static func requireProtocolList(
    _ session: OpaquePointer?, _ alert: UnsafeMutablePointer<Int32>?
  ) -> Int32 {
    var list: UnsafePointer<UInt8>?
    var count = 0
    // SAFETY: called by OpenSSL with a session that reads a hello.
    let type = UInt32(TLSEXT_TYPE_application_layer_protocol_negotiation)
    if unsafe SSL_client_hello_get0_ext(session, type, &list, &count) == 1 {
      return SSL_CLIENT_HELLO_SUCCESS
    }
    unsafe alert?.pointee = SSL_AD_NO_APPLICATION_PROTOCOL
    return SSL_CLIENT_HELLO_ERROR
  }

  /// Chooses `h2` out of the client's list, or ends the handshake.
  @unsafe
  private static func choose(
    _ chosen: UnsafeMutablePointer<UnsafePointer<UInt8>?>?,
    _ chosenCount: UnsafeMutablePointer<UInt8>?, _ offered: UnsafePointer<UInt8>?, _ count: UInt32
  ) -> Int32 {
    // SAFETY: the list is made of lengths and names; it lives through the handshake.
    guard let offered = unsafe offered, let chosen = unsafe chosen,
      let chosenCount = unsafe chosenCount
    else { return SSL_TLSEXT_ERR_ALERT_FATAL }
    let list = unsafe ByteView(base: offered, count: Int(count))
    var place = 0
    while place < list.count {
      let end = place + 1 + Int(list[place])
      guard end <= list.count else { break }
      if TLSContext.isHTTP2(list[place + 1..<end]) {
        unsafe chosen.pointee = offered + place + 1
        unsafe chosenCount.pointee = 2
        return SSL_TLSEXT_ERR_OK
      }
      place = end
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL
  }
}
