public import VerdictModel

/// How a gateway's listener tells who is calling (docs/gateways.md).
public struct IdentityConfiguration: Sendable {
  public enum Source: String, Sendable, CaseIterable {
    /// A bearer token, looked up by its SHA-256 among the tokens of the policies.
    case bearer
    /// A JWT as a bearer token, verified here.
    case jwt
    /// Claims of a JWT that the gateway verified and passes as metadata.
    case claims
    /// The certificate that the gateway verified.
    case peer
    /// A header that the gateway sets. Only where clients can't.
    case header
  }

  /// In the order in which they are asked; the first that knows the caller names it, and every
  /// other one that knows a caller has to name the same.
  /// A listener may have others (`IdentitySources`).
  public var sources: [Source] = [.bearer, .claims]
  /// Which JWTs are believed; only with `jwt` among the sources.
  public var tokenTrust: TokenTrust?
  /// The name space of the metadata with the claims, and the member of it that holds them.
  public var claimsNamespace = "envoy.filters.http.jwt_authn"
  public var claimsMember = "jwt_payload"
  /// Claims of either kind that name the principal, and, unless empty, its organization and
  /// workspace.
  public var principalClaim = "sub"
  public var organizationClaim = ""
  public var workspaceClaim = ""
  /// What kind of principal the claims, a certificate, and the header name.
  public var claimsKind = PrincipalKind.user
  public var peerKind = PrincipalKind.serviceToken
  /// What a certificate's name begins with; the rest is the principal's id. Without it, nobody's.
  public var peerPrefix = ""
  /// The header's name in lower case.
  public var headerName = ""

  public init() {}
}

/// The sources of one listener in their order, in one word: a connection carries it along, and
/// nothing is looked up or counted for a request.
public struct IdentitySources: Sendable, Equatable {
  /// A byte each, the first source in the lowest; 0 behind the last.
  public let word: UInt64

  /// Those of the server's own configuration.
  public static var ofServer: IdentitySources { IdentitySources(word: 0) }

  /// - Precondition: no source comes twice.
  public init(_ sources: [IdentityConfiguration.Source]) {
    precondition(Set(sources).count == sources.count, "each source is asked once")
    word = sources.reversed().reduce(0) { $0 << 8 | UInt64(IdentityRules.number(of: $1)) }
  }

  /// From another one's `word`.
  public init(word: UInt64) { self.word = word }
}

/// The same as plain bytes that live as long as the process: read on the hot path without counting
/// references.
struct IdentityRules {
  let sources: IdentitySources
  let claimsNamespace: ByteView
  let claimsMember: ByteView
  let principalClaim: ByteView
  let organizationClaim: ByteView
  let workspaceClaim: ByteView
  let claimsKind: PrincipalKind
  let peerKind: PrincipalKind
  let peerPrefix: ByteView
  let headerName: ByteView

  static var bearer: UInt8 { 1 }
  static var claims: UInt8 { 2 }
  static var peer: UInt8 { 3 }
  static var header: UInt8 { 4 }
  static var jwt: UInt8 { 5 }

  static func number(of source: IdentityConfiguration.Source) -> UInt8 {
    switch source {
    case .bearer: bearer
    case .jwt: jwt
    case .claims: claims
    case .peer: peer
    case .header: header
    }
  }

  /// To be made once for a loop or worker: what it allocates is never given back.
  init(_ configuration: IdentityConfiguration) {
    sources = IdentitySources(configuration.sources)
    claimsNamespace = ReasonTexts.kept(configuration.claimsNamespace)
    claimsMember = ReasonTexts.kept(configuration.claimsMember)
    principalClaim = ReasonTexts.kept(configuration.principalClaim)
    organizationClaim = ReasonTexts.kept(configuration.organizationClaim)
    workspaceClaim = ReasonTexts.kept(configuration.workspaceClaim)
    claimsKind = configuration.claimsKind
    peerKind = configuration.peerKind
    peerPrefix = ReasonTexts.kept(configuration.peerPrefix)
    headerName = ReasonTexts.kept(configuration.headerName)
  }
}
