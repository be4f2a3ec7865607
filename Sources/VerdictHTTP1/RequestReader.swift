internal import CHTTPParser
public import VerdictModel

/// The heads of one connection's requests in HTTP/1.1: bytes in, heads out, with every header as
/// often as it came. Bodies are not for anybody here: a request that brings one is the last of its
/// connection.
///
/// http_parser reads; what it lets through and a gateway must not, a header that goes on in the
/// next line, is refused here. One thread at a time.
@safe
public final class RequestReader {
  /// What a piece of input came to.
  public enum Outcome: Sendable, Equatable {
    /// All of it was read, and the head goes on.
    case needsMore
    /// A head is there, until the next `read`.
    case head
    /// No head will ever come of this.
    case refused(Fault)
  }

  public enum Fault: Sendable, Equatable {
    case malformed
    /// The head is beyond `HeadLimits`.
    case tooLarge
  }

  private let parser: UnsafeMutablePointer<http_parser>
  private let settings: UnsafeMutablePointer<http_parser_settings>
  private var head = RequestHead()
  private var fault: Fault?
  private var isWhole = false
  /// What the last piece of a callback belonged to.
  private var part = Part.target
  /// Where the last piece of a header's value ended, to tell a value that goes on from one that
  /// goes on in another line.
  private var valueEnd: UnsafePointer<CChar>?
  /// Whether it ended where the input did, so that the next byte may be the same line's.
  private var isValueOpen = false
  private var hasBody = false
  /// Where the input at hand begins, during a `read`.
  private var inputStart: UnsafePointer<CChar>?
  /// Whether a line ended between a name and the end of the input, with no value there yet.
  private var hasLineEndBeforeValue = false

  private enum Part { case target, name, value }

  public init() {
    unsafe parser = .allocate(capacity: 1)
    unsafe settings = .allocate(capacity: 1)
    // SAFETY: both are initialised by the library, and freed by `deinit`.
    unsafe parser.initialize(to: http_parser())
    unsafe settings.initialize(to: http_parser_settings())
    unsafe http_parser_init(parser, HTTP_REQUEST)
    unsafe http_parser_settings_init(settings)
    unsafe settings.pointee.on_message_begin = RequestReader.began
    unsafe settings.pointee.on_url = RequestReader.target
    unsafe settings.pointee.on_header_field = RequestReader.name
    unsafe settings.pointee.on_header_value = RequestReader.value
    unsafe settings.pointee.on_headers_complete = RequestReader.ended
    unsafe settings.pointee.on_message_complete = RequestReader.completed
    unsafe parser.pointee.data = Unmanaged.passUnretained(self).toOpaque()
  }

  deinit {
    // SAFETY: allocated by the initialiser.
    unsafe parser.deallocate()
    unsafe settings.deallocate()
  }

  /// Reads on, at most to the end of a head.
  ///
  /// - Returns: what it came to, and how many bytes were taken; after a head, the rest is the next
  ///   request's.
  public func read(_ bytes: ByteView) -> (Outcome, byteCount: Int) {
    if let fault { return (.refused(fault), bytes.count) }
    guard !bytes.isEmpty, let base = unsafe bytes.buffer.baseAddress else {
      return (.needsMore, 0)
    }
    if isWhole {
      isWhole = false
      // SAFETY: paused by `completed`.
      unsafe http_parser_pause(parser, 0)
    }
    let start = unsafe base.assumingMemoryBound(to: CChar.self)
    unsafe inputStart = start
    // A value that was under way goes on at the first byte, or not at all.
    unsafe valueEnd = isValueOpen ? start : nil
    // SAFETY: the bytes outlive the call, and the callbacks copy what they keep.
    let count = unsafe http_parser_execute(parser, settings, start, bytes.count)
    isValueOpen = unsafe valueEnd == start + bytes.count
    hasLineEndBeforeValue = unsafe part == .name && isBehindLineEnd(start + bytes.count)
    if isWhole { return (.head, count) }
    if fault == nil, unsafe parser.pointee.http_errno != 0 {
      let isTooLarge = unsafe parser.pointee.http_errno == HPE_HEADER_OVERFLOW.rawValue
      fault = isTooLarge ? .tooLarge : .malformed
    }
    if let fault { return (.refused(fault), bytes.count) }
    return (.needsMore, count)
  }

  /// Whether a head is under way.
  public var isInsideHead: Bool { !isWhole && head.isBegun }

  // MARK: The head

  /// The request's own target: path and query.
  public var target: ByteView { head.target }

  public var headerCount: Int { head.fieldCount }

  /// A header; its name is lower-case, its value without spaces around it.
  public func header(_ index: Int) -> (name: ByteView, value: ByteView) { head.field(index) }

  public var isGet: Bool { unsafe parser.pointee.method == HTTP_GET.rawValue }
  public var isHead: Bool { unsafe parser.pointee.method == HTTP_HEAD.rawValue }

  /// Whether the peer may send another request, and expects us to take it.
  public private(set) var keepsAlive = false

  // MARK: Callbacks

  private typealias Notice = @convention(c) (UnsafeMutablePointer<http_parser>?) -> Int32
  private typealias Piece =
    @convention(c) (UnsafeMutablePointer<http_parser>?, UnsafePointer<CChar>?, Int) -> Int32

  private static func reader(_ parser: UnsafeMutablePointer<http_parser>?) -> RequestReader {
    guard let data = unsafe parser?.pointee.data else {
      preconditionFailure("the parser was made by a reader")
    }
    // SAFETY: the reader owns the parser, and calls it.
    return unsafe Unmanaged<RequestReader>.fromOpaque(data).takeUnretainedValue()
  }

  private static let began: Notice = { parser in
    let reader = unsafe reader(parser)
    reader.head.clear()
    reader.part = .target
    reader.hasBody = false
    return 0
  }

  private static let target: Piece = { parser, base, count in
    unsafe reader(parser).take(.target, base, count)
  }

  private static let name: Piece = { parser, base, count in
    unsafe reader(parser).take(.name, base, count)
  }

  private static let value: Piece = { parser, base, count in
    unsafe reader(parser).take(.value, base, count)
  }

  private static let ended: Notice = { parser in
    guard let parser = unsafe parser else { return 0 }
    let reader = unsafe reader(parser)
    // SAFETY: the parser is the reader's.
    guard unsafe parser.pointee.http_major == 1, unsafe parser.pointee.http_minor <= 1 else {
      reader.fault = .malformed
      return -1
    }
    let length = unsafe parser.pointee.content_length
    let isChunked = unsafe parser.pointee.flags & UInt32(F_CHUNKED.rawValue) != 0
    reader.hasBody = isChunked || (length > 0 && length != .max)
    // Nobody reads it: the head is all there is.
    return 1
  }

  private static let completed: Notice = { parser in
    guard let parser = unsafe parser else { return 0 }
    let reader = unsafe reader(parser)
    reader.isWhole = true
    // SAFETY: as above.
    let goesOn = unsafe http_should_keep_alive(parser) != 0
    let isUpgrade = unsafe parser.pointee.upgrade != 0
    reader.keepsAlive = goesOn && !isUpgrade && !reader.hasBody
    unsafe http_parser_pause(parser, 1)
    return 0
  }

  /// Whether only blanks are between a place in the input and the end of a line before it.
  private func isBehindLineEnd(_ place: UnsafePointer<CChar>) -> Bool {
    guard let start = unsafe inputStart else { return false }
    var place = unsafe place
    // SAFETY: between the input's start and a place in it, or its end.
    while unsafe place > start {
      unsafe place -= 1
      switch unsafe UInt8(bitPattern: place.pointee) {
      case UInt8(ascii: "\n"): return true
      case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): continue
      default: return false
      }
    }
    return hasLineEndBeforeValue
  }

  /// Keeps a piece; not 0: the parser is to stop.
  private func take(_ newPart: Part, _ base: UnsafePointer<CChar>?, _ count: Int) -> Int32 {
    guard let base = unsafe base else { return 0 }
    let isNew = newPart != part
    part = newPart
    // SAFETY: as many bytes as the parser says, during the call.
    let bytes = unsafe ByteView(base: base, count: count)
    switch newPart {
    case .target: head.addTarget(bytes)
    case .name: head.addName(bytes, isNew: isNew)
    case .value:
      // A value that begins in another line than its name goes on there, behind an empty start.
      let goesOn = unsafe isNew ? count > 0 && isBehindLineEnd(base) : base != valueEnd
      if goesOn {
        fault = .malformed
        return 1
      }
      head.addValue(bytes, isNew: isNew)
      unsafe valueEnd = base + count
    }
    if newPart != .value { unsafe valueEnd = nil }
    if head.isTooLarge { fault = .tooLarge }
    if head.isMalformed { fault = .malformed }
    return fault == nil ? 0 : 1
  }
}
