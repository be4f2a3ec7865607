internal import VerdictControl
internal import VerdictGateway
internal import VerdictJWT
internal import VerdictServer
internal import VerdictSettings

/// What the settings mean for requests at gateways.
extension Settings {
  func gateways() throws(CommandFailure) -> Sidecar.Gateways {
    Sidecar.Gateways(
      routes: try routeTables(), identity: identityConfiguration, tokenKeysPath: gateway.jwtKeys,
      tokenRules: tokenRules, forwardAuth: forwardAuth)
  }

  private var identityConfiguration: IdentityConfiguration {
    var configuration = IdentityConfiguration()
    if !gateway.identity.isEmpty { configuration.sources = gateway.identity.map(\.source) }
    let parts = gateway.claims.split(
      separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    configuration.claimsNamespace = String(parts[0])
    configuration.claimsMember = String(parts.count > 1 ? parts[1] : "")
    configuration.principalClaim = gateway.claimsPrincipal
    configuration.organizationClaim = gateway.claimsOrganization ?? ""
    configuration.workspaceClaim = gateway.claimsWorkspace ?? ""
    configuration.peerPrefix = gateway.peerPrefix ?? ""
    configuration.headerName = gateway.trustedHeader?.lowercased() ?? ""
    return configuration
  }

  /// Which JWTs are believed; nil: none.
  private var tokenRules: TokenRules? {
    guard let issuer = gateway.jwtIssuer else { return nil }
    var rules = TokenRules(issuer: issuer, audiences: gateway.jwtAudience)
    let algorithms = gateway.jwtAlgorithm.compactMap { SignatureAlgorithm(rawValue: $0.rawValue) }
    if !algorithms.isEmpty { rules.algorithms = algorithms }
    rules.leewaySeconds = Int64(gateway.jwtLeewaySeconds)
    return rules
  }

  /// Where gateways that speak HTTP/1.1 are listened to.
  private var forwardAuth: [ForwardAuthSettings] {
    forwardAuthListeners.map { listener in
      var settings = ForwardAuthSettings(listener.address)
      settings.allowsPlaintext = listener.access.allowPlaintext ?? settings.allowsPlaintext
      settings.socketMode = listener.access.unixMode?.mode ?? settings.socketMode
      settings.socketOwner = listener.access.unixOwner?.owner
      settings.identity = listener.sources
      return settings
    }
  }

  /// The route tables, compiled.
  private func routeTables() throws(CommandFailure) -> RouteTables {
    var options = RouteOptions()
    options.routes = routes
    var models = ModelOption()
    models.models = self.models
    return try options.compiled(models)
  }
}

extension Settings.Listener {
  var sources: IdentitySources { IdentitySources(identity.map(\.source)) }
}

extension GatewaySettings.Source {
  var source: IdentityConfiguration.Source {
    switch self {
    case .bearer: .bearer
    case .jwt: .jwt
    case .claims: .claims
    case .peer: .peer
    case .header: .header
    }
  }
}
