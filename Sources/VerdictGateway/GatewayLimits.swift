/// The bounds of reading a request for the gateway, with what happens when one is reached.
public enum GatewayLimits {
  /// A body in bytes, as far as a route reads it. More is `bad_request`.
  static let bodyByteCountMax = 256 << 10
  /// Objects, lists, texts and scalars of a body. More are `bad_request`.
  static let bodyValueCountMax = 16_384
  /// Objects and lists in one another. Deeper is `bad_request`.
  static let bodyDepthMax = 32
  /// Elements of a list that a check is made for each of. More are `bad_request`.
  static let listElementCountMax = 100
  /// A bearer token in bytes. A longer one is nobody's.
  static let tokenByteCountMax = 8_192
  /// Resources of a type that are looked through for those linked to a target. Where a workspace
  /// has more, rights on all of the type are asked for.
  static let linkScanCountMax = 4_096
}
