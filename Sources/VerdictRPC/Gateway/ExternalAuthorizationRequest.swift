internal import CProtobufC
internal import CVerdictProto
public import VerdictModel

/// Envoy's `CheckRequest` as it lies in the arena; valid until the arena is reset.
public struct ExternalAuthorizationRequest {
  public let method: ByteView
  /// Path and query, as on the request line.
  public let target: ByteView
  /// Of `headers` and `header_map`; names are lower-case.
  public let headers: TextPairs
  /// Empty where there is none.
  public let body: ByteView
  public let contextExtensions: TextPairs
  /// By name space; the values are `google.protobuf.Struct`.
  public let metadata: TextPairs
  /// The caller as the proxy verified it, or empty.
  public let peer: ByteView

  /// Unpacks a request, or answers nil: unreadable, or too large for the arena.
  public init?(_ bytes: ByteView, in arena: borrowing MessageArena) {
    // SAFETY of all reads: an unpacked message, alive as long as the arena.
    guard
      let message = unsafe envoy__service__auth__v3__check_request__unpack(
        arena.allocator, bytes.count, bytes.cBytes)
    else { return nil }
    let attributes = unsafe message.pointee.attributes
    let http = unsafe attributes?.pointee.request?.pointee.http
    unsafe method = http.map { unsafe ByteView($0.pointee.method) } ?? ByteView()
    unsafe target = http.map { unsafe ByteView($0.pointee.path) } ?? ByteView()
    unsafe peer =
      attributes?.pointee.source.map { unsafe ByteView($0.pointee.principal) } ?? ByteView()
    body = unsafe http.map { unsafe ExternalAuthorizationRequest.body($0) } ?? ByteView()
    guard let headers = unsafe ExternalAuthorizationRequest.headers(http, arena),
      let extensions = unsafe ExternalAuthorizationRequest.extensions(attributes, arena),
      let metadata = unsafe ExternalAuthorizationRequest.metadata(attributes, arena)
    else { return nil }
    self.headers = headers
    contextExtensions = extensions
    self.metadata = metadata
  }

  /// Envoy fills one of the two.
  @unsafe
  private static func body(
    _ http: UnsafeMutablePointer<Envoy__Service__Auth__V3__HttpRequest>
  ) -> ByteView {
    let raw = unsafe ByteView(http.pointee.raw_body)
    return unsafe raw.isEmpty ? ByteView(http.pointee.body) : raw
  }

  @unsafe
  private static func headers(
    _ http: UnsafeMutablePointer<Envoy__Service__Auth__V3__HttpRequest>?,
    _ arena: borrowing MessageArena
  ) -> TextPairs? {
    guard let http = unsafe http else { return TextPairs() }
    let map = unsafe http.pointee.header_map
    let mapCount = unsafe map?.pointee.n_headers ?? 0
    guard var pairs = unsafe TextPairs(capacity: http.pointee.n_headers + mapCount, in: arena),
      unsafe pairs.append(http.pointee.headers, http.pointee.n_headers)
    else { return nil }
    for index in 0..<mapCount {
      guard let header = unsafe map?.pointee.headers[index] else { break }
      let raw = unsafe ByteView(header.pointee.raw_value)
      unsafe pairs.append(
        TextPairs.Pair(
          name: ByteView(header.pointee.key),
          value: raw.isEmpty ? ByteView(header.pointee.value) : raw))
    }
    return pairs
  }

  @unsafe
  private static func extensions(
    _ attributes: UnsafeMutablePointer<Envoy__Service__Auth__V3__AttributeContext>?,
    _ arena: borrowing MessageArena
  ) -> TextPairs? {
    guard let attributes = unsafe attributes else { return TextPairs() }
    let count = unsafe attributes.pointee.n_context_extensions
    guard count > 0 else { return TextPairs() }
    guard var pairs = TextPairs(capacity: count, in: arena),
      unsafe pairs.append(attributes.pointee.context_extensions, count)
    else { return nil }
    return pairs
  }

  @unsafe
  private static func metadata(
    _ attributes: UnsafeMutablePointer<Envoy__Service__Auth__V3__AttributeContext>?,
    _ arena: borrowing MessageArena
  ) -> TextPairs? {
    guard let metadata = unsafe attributes?.pointee.metadata_context else { return TextPairs() }
    let count = unsafe metadata.pointee.n_filter_metadata
    guard count > 0 else { return TextPairs() }
    guard var pairs = TextPairs(capacity: count, in: arena),
      unsafe pairs.append(metadata.pointee.filter_metadata, count)
    else { return nil }
    return pairs
  }
}

extension TextPairs {
  /// Adds the entries of a map; false where one is malformed.
  @unsafe
  fileprivate mutating func append(
    _ entries: UnsafeMutablePointer<ProtobufCBinaryData>?, _ count: Int
  ) -> Bool {
    guard let entries = unsafe entries else { return count == 0 }
    for index in 0..<count {
      // SAFETY: protobuf-c made as many entries as it counted.
      guard let pair = MapEntry(unsafe ByteView(entries[index])) else { return false }
      append(Pair(name: pair.key, value: pair.value))
    }
    return true
  }
}
