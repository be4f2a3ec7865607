public import VerdictModel

/// A text of a record: bytes of the request, or two pieces of them with a slash in between.
public struct LogText {
  let first: ByteView
  let second: ByteView
  let hasSlash: Bool

  public init() { self.init(ByteView()) }

  public init(_ bytes: ByteView) {
    first = bytes
    second = ByteView()
    hasSlash = false
  }

  /// `TYPE/ID`, or `TYPE` where there is no id.
  public init(type: ByteView, id: ByteView) {
    first = type
    second = id
    hasSlash = !id.isEmpty
  }

  /// A principal, with its kind in front.
  public init(_ kind: PrincipalKind, id: ByteView) {
    let prefix: StaticString =
      switch kind {
      case .user: "user:"
      case .serviceToken: "service_token:"
      case .personalToken: "personal_token:"
      }
    // SAFETY: a static string's bytes live as long as the process.
    first = unsafe ByteView(base: prefix.utf8Start, count: prefix.utf8CodeUnitCount)
    second = id
    hasSlash = false
  }

  /// At most `LogLimits.textByteCountMax`.
  var keptByteCount: Int {
    min(first.count &+ second.count &+ (hasSlash ? 1 : 0), LogLimits.textByteCountMax)
  }
}

/// What a record says of a request as a whole.
public struct LogHead {
  /// Sixteen bytes.
  public var id: ByteView
  /// Of the snapshot; nil where no organization was found.
  public var digest: (UInt64, UInt64, UInt64, UInt64)?
  public var generation: UInt64 = 0
  public var organization = ByteView()
  /// Of all checks that name none of their own.
  public var principal = LogText()
  public var workspace = ByteView()
  /// The template of a gateway's route, or empty.
  public var route = ByteView()

  public init(id: ByteView) { self.id = id }
}

/// What a record says of one check, or of one pair of a page.
public struct LogItem {
  /// Its place in the request.
  public var index: Int
  /// Wire values.
  public var reason: UInt8
  /// 0: none, 1: `self`, 2: `target`, 3: `related`.
  public var operand: UInt8 = 0
  /// Empty: the request's.
  public var principal = LogText()
  public var workspace = LogText()
  public var action = LogText()
  public var resource = LogText()
  public var target = LogText()
  public var permission = LogText()
  /// What a related operand is.
  public var related = LogText()

  public init(index: Int, reason: UInt8) {
    self.index = index
    self.reason = reason
  }
}
