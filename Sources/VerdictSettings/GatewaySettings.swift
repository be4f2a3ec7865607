public import VerdictSystem

/// How gateways ask, and how their requests tell who is calling. `GatewaySettings.options` has a
/// row for each field.
public struct GatewaySettings: Sendable, Equatable {
  /// Where a request may say who is calling.
  public enum Source: String, OptionValue, CaseIterable {
    case bearer, jwt, claims, peer, header
  }

  public var forwardAuth: [SocketAddress] = []
  public var identity: [Source] = []
  public var claims = "envoy.filters.http.jwt_authn/jwt_payload"
  public var claimsPrincipal = "sub"
  public var claimsOrganization: String?
  public var claimsWorkspace: String?
  public var jwtKeys: String?
  public var jwtIssuer: String?
  public var jwtAudience: [String] = []
  public var jwtAlgorithm: [SigningAlgorithm] = []
  public var jwtLeewaySeconds = 60
  public var peerPrefix: String?
  public var trustedHeader: String?
  public var trustedHeaderIsStripped: Bool?

  public init() {}

  static let options: [SettingsOption<GatewaySettings>] = [
    SettingsOption(
      "forward-auth", "address", list: \.forwardAuth,
      """
      Where gateways ask in HTTP/1.1, nginx, Caddy and Traefik among them: HOST:PORT, or \
      unix:PATH. Whoever can connect is believed what a client asked for.
      """, default: "none"),
    SettingsOption(
      "identity", "source", list: \.identity,
      """
      Where a gateway's requests say who is calling, in this order: bearer, jwt, claims, peer or \
      header. A listener's own `identity` goes before it.
      """, default: "bearer and claims"),
    SettingsOption(
      "claims", "namespace/member", \.claims,
      "The metadata with claims that the gateway verified.",
      check: { $0.contains("/") ? nil : "expected NAMESPACE/MEMBER" }),
    SettingsOption(
      "claims-principal", "claim", \.claimsPrincipal, "The claim that names the principal."),
    SettingsOption(
      "claims-organization", "claim", \.claimsOrganization,
      "A claim that names the organization."),
    SettingsOption(
      "claims-workspace", "claim", \.claimsWorkspace, "A claim that names the workspace."),
    SettingsOption(
      "jwt-keys", "file", \.jwtKeys,
      """
      With --identity jwt: a JWK set with the keys of those who issue JWTs. Read again when it \
      changes, and on SIGHUP.
      """),
    SettingsOption(
      "jwt-issuer", "name", \.jwtIssuer, "With --identity jwt: what `iss` of a JWT has to be."),
    SettingsOption(
      "jwt-audience", "name", list: \.jwtAudience,
      "With --identity jwt: what `aud` of a JWT has to name one of."),
    SettingsOption(
      "jwt-algorithm", "name", list: \.jwtAlgorithm,
      """
      With --identity jwt: how a JWT may be signed: RS256, RS384, RS512, PS256, PS384, PS512, \
      ES256, ES384 or ES512.
      """, default: "RS256 and ES256"),
    SettingsOption(
      "jwt-leeway", "seconds", \.jwtLeewaySeconds,
      "How far the clock of whoever issues JWTs may be from ours.",
      check: within(0...GatewaySettings.leewaySecondsMax)),
    SettingsOption(
      "peer-prefix", "prefix", \.peerPrefix,
      """
      With --identity peer: what a certificate's name begins with; the rest is a service token's id.
      """),
    SettingsOption(
      "trusted-header", "name", \.trustedHeader,
      """
      With --identity header: a header that names the principal. Whoever can send it to the gateway \
      is whoever he likes, so the gateway has to take it from every client's request.
      """),
    SettingsOption(
      "trusted-header-is-stripped", "", \.trustedHeaderIsStripped,
      "Says that the gateway strips --trusted-header from what clients send.", default: "off"),
  ]

  public static let leewaySecondsMax = 600

  /// How a JWT may be signed.
  public enum SigningAlgorithm: String, OptionValue, CaseIterable {
    case rs256 = "RS256"
    case rs384 = "RS384"
    case rs512 = "RS512"
    case ps256 = "PS256"
    case ps384 = "PS384"
    case ps512 = "PS512"
    case es256 = "ES256"
    case es384 = "ES384"
    case es512 = "ES512"
  }

  /// What does not fit together.
  ///
  /// - Parameter others: sources that listeners have of their own.
  func faults(beside others: [Source]) -> [String] {
    var faults: [String] = []
    let asked = Set(identity + others)
    if Set(identity).count != identity.count { faults.append("--identity names a source twice") }
    if asked.contains(.header) != (trustedHeader != nil) {
      faults.append("--identity header and --trusted-header NAME go together")
    }
    if trustedHeader != nil && trustedHeaderIsStripped != true {
      faults.append(
        "--trusted-header: anybody could be anybody; configure the gateway to strip it from what "
          + "clients send, and say so with --trusted-header-is-stripped")
    }
    let saysTokens = [jwtKeys != nil, jwtIssuer != nil, !jwtAudience.isEmpty]
    if saysTokens.contains(!asked.contains(.jwt)) {
      faults.append(
        "--identity jwt, --jwt-keys FILE, --jwt-issuer NAME and --jwt-audience NAME go together")
    }
    if asked.contains(.peer) != (peerPrefix != nil) {
      faults.append("--identity peer and --peer-prefix PREFIX go together")
    }
    return faults
  }
}
