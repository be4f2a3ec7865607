/// How a JWT may be signed: RFC 7518's algorithms with a public key. Those with a shared secret,
/// and `none`, don't exist here, so that no key of one kind is ever taken for one of another.
public enum SignatureAlgorithm: String, Sendable, CaseIterable {
  case rs256 = "RS256"
  case rs384 = "RS384"
  case rs512 = "RS512"
  case ps256 = "PS256"
  case ps384 = "PS384"
  case ps512 = "PS512"
  case es256 = "ES256"
  case es384 = "ES384"
  case es512 = "ES512"

  /// Bits of the curve's keys; nil: RSA, with keys of any size from `SignatureKeys.rsaBitCountMin`.
  var curveBitCount: Int? {
    switch self {
    case .es256: 256
    case .es384: 384
    case .es512: 521
    default: nil
    }
  }
}
