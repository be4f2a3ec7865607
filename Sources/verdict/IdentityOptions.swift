internal import ArgumentParser
internal import VerdictGateway
internal import VerdictModel

/// How requests at a gateway tell who is calling.
struct IdentityOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      Where a gateway's requests say who is calling, in this order: `bearer`, `claims`, `peer` or \
      `header`. May be given several times; bearer and claims if not given.
      """, valueName: "source"),
    transform: IdentityOptions.source)
  var identity: [IdentityConfiguration.Source] = []

  @Option(
    help: ArgumentHelp(
      "The metadata with claims that the gateway verified.", valueName: "namespace/member"))
  var claims = "envoy.filters.http.jwt_authn/jwt_payload"

  @Option(help: ArgumentHelp("The claim that names the principal.", valueName: "claim"))
  var claimsPrincipal = "sub"

  @Option(help: ArgumentHelp("A claim that names the organization.", valueName: "claim"))
  var claimsOrganization = ""

  @Option(help: ArgumentHelp("A claim that names the workspace.", valueName: "claim"))
  var claimsWorkspace = ""

  @Option(
    help: ArgumentHelp(
      "With --identity peer: what a certificate's name begins with; the rest is a service token's id.",
      valueName: "prefix"))
  var peerPrefix = ""

  @Option(
    help: ArgumentHelp(
      """
      With --identity header: a header that names the principal. Whoever can send it to the gateway \
      is whoever he likes, so the gateway has to take it from every client's request.
      """, valueName: "name"))
  var trustedHeader = ""

  @Flag(help: "Says that the gateway strips --trusted-header from what clients send.")
  var trustedHeaderIsStripped = false

  func validate() throws {
    let sources = Set(identity.map(\.rawValue))
    guard sources.count == identity.count else {
      throw ValidationError("--identity names a source twice.")
    }
    guard sources.contains("header") == !trustedHeader.isEmpty else {
      throw ValidationError("--identity header and --trusted-header NAME go together.")
    }
    guard trustedHeader.isEmpty || trustedHeaderIsStripped else {
      throw ValidationError(
        "--trusted-header: anybody could be anybody; configure the gateway to strip it from what "
          + "clients send, and say so with --trusted-header-is-stripped.")
    }
    guard sources.contains("peer") == !peerPrefix.isEmpty else {
      throw ValidationError("--identity peer and --peer-prefix PREFIX go together.")
    }
    guard claims.contains("/") else {
      throw ValidationError("--claims is a name space and a member: NAMESPACE/MEMBER.")
    }
  }

  var configuration: IdentityConfiguration {
    var configuration = IdentityConfiguration()
    if !identity.isEmpty { configuration.sources = identity }
    let parts = claims.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    configuration.claimsNamespace = String(parts[0])
    configuration.claimsMember = String(parts.count > 1 ? parts[1] : "")
    configuration.principalClaim = claimsPrincipal
    configuration.organizationClaim = claimsOrganization
    configuration.workspaceClaim = claimsWorkspace
    configuration.peerPrefix = peerPrefix
    configuration.headerName = trustedHeader.lowercased()
    return configuration
  }

  private static func source(
    _ text: String
  ) throws(ValidationError) -> IdentityConfiguration.Source {
    guard let source = IdentityConfiguration.Source(rawValue: text) else {
      let known = IdentityConfiguration.Source.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("`\(text)`: expected one of \(known).")
    }
    return source
  }
}
