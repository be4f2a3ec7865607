internal import VerdictEngine
internal import VerdictModel
internal import VerdictRPC
internal import VerdictSnapshot

/// Who is calling, as far as a request and its gateway tell.
struct Identity {
  /// `granted`: somebody is known. Else why nobody is.
  var reason = Reason.unidentified
  var kind = PrincipalKind.user
  var id = ByteView()
  /// Its place in the set, or -1.
  var organization = -1
  /// A workspace that the claims name, or empty.
  var workspace = ByteView()
  /// Nothing is known before a JWT is verified, which is not for a loop.
  var awaitsVerification = false
}

extension Gateway {
  /// What one source says.
  enum Finding {
    case nobody
    /// A credential that belongs to nobody here, which another source may know better.
    case stranger
    case refused(Reason)
    /// The organization's place in the set, or -1: the source doesn't say.
    case somebody(PrincipalKind, ByteView, organization: Int)
  }

  /// Asks all sources. Two that disagree are an `ambiguous_identity`.
  mutating func identify(
    _ request: GatewayRequest, _ set: SnapshotSet, _ nowSeconds: Int64,
    _ arena: borrowing MessageArena
  ) -> Identity {
    var identity = Identity()
    var isKnown = false
    var hasStranger = false
    var hasClaims = false
    var sources = (request.sources == .ofServer ? rules.sources : request.sources).word
    while sources != 0 {
      let source = UInt8(truncatingIfNeeded: sources)
      sources >>= 8
      switch ask(source, request, set, nowSeconds, &identity, arena) {
      case .nobody: continue
      case .stranger: hasStranger = true
      case .refused(let reason):
        identity.reason = reason
        return identity
      case .somebody(let kind, let id, let organization):
        hasClaims =
          hasClaims || source == IdentityRules.claims || source == IdentityRules.jwt
        if isKnown {
          guard kind == identity.kind, id == identity.id, agree(&identity, organization) else {
            identity.reason = .ambiguousIdentity
            return identity
          }
          continue
        }
        isKnown = true
        (identity.kind, identity.id, identity.organization) = (kind, id, organization)
      }
    }
    let fault = choose(request, set, &identity)
    // Whoever is nobody is asked who he is before anybody wonders where.
    guard isKnown || fault == .ambiguousIdentity else { return identity }
    guard fault == .granted else {
      identity.reason = fault
      return identity
    }
    // A bearer token that is none of ours may be the JWT whose claims the gateway passes; nothing
    // else makes up for one.
    if !hasStranger || hasClaims { identity.reason = .granted }
    return identity
  }

  /// Whether another source's organization is the same, or one of them doesn't say.
  private func agree(_ identity: inout Identity, _ organization: Int) -> Bool {
    guard organization >= 0 else { return true }
    if identity.organization < 0 { identity.organization = organization }
    return identity.organization == organization
  }

  /// The organization: the token's, else the claim's, else the one that the gateway's configuration
  /// names, else the only one. Those that are there have to agree.
  private func choose(
    _ request: GatewayRequest, _ set: SnapshotSet, _ identity: inout Identity
  ) -> Reason {
    switch request.context.find("verdict.organization") {
    case .absent: break
    case .repeated: return .ambiguousIdentity
    case .once(let name):
      let place = name.isEmpty ? -1 : set.find(name)
      guard place >= 0 else { return .unknownOrganization }
      if identity.organization >= 0, identity.organization != place { return .ambiguousIdentity }
      identity.organization = place
    }
    if identity.organization < 0 { identity.organization = set.find(ByteView()) }
    // Who calls goes first: without an organization nobody can be asked.
    return identity.organization < 0 ? .unknownOrganization : .granted
  }

  private mutating func ask(
    _ source: UInt8, _ request: GatewayRequest, _ set: SnapshotSet, _ nowSeconds: Int64,
    _ identity: inout Identity, _ arena: borrowing MessageArena
  ) -> Finding {
    switch source {
    case IdentityRules.jwt: jwt(request, set, nowSeconds, &identity, arena)
    case IdentityRules.bearer: bearer(request, set, nowSeconds)
    case IdentityRules.claims: claims(request, set, &identity)
    case IdentityRules.peer: peer(request)
    case IdentityRules.header: header(request)
    default: preconditionFailure("sources come from a configuration")
    }
  }

  // MARK: Sources

  /// Notes the workspace that claims name; false: other claims name another one.
  static func name(_ identity: inout Identity, workspace: ByteView) -> Bool {
    guard !workspace.isEmpty else { return true }
    guard identity.workspace.isEmpty || identity.workspace == workspace else { return false }
    identity.workspace = workspace
    return true
  }

  private func claims(
    _ request: GatewayRequest, _ set: SnapshotSet, _ identity: inout Identity
  ) -> Finding {
    let payload: ByteView
    switch request.metadata.find(rules.claimsNamespace) {
    case .absent: return .nobody
    case .repeated: return .refused(.ambiguousIdentity)
    case .once(let bytes): payload = bytes
    }
    var claims = StructFields(payload)
    if !rules.claimsMember.isEmpty {
      switch claims.member(rules.claimsMember) {
      case .absent: return .nobody
      case .fields(let fields): claims = fields
      default: return .refused(.ambiguousIdentity)
      }
    }
    guard case .text(let id) = claims.member(rules.principalClaim) else {
      if case .absent = claims.member(rules.principalClaim) { return .nobody }
      return .refused(.ambiguousIdentity)
    }
    guard Identifier.isValid(id) else { return .refused(.invalidID) }
    var organization = -1
    if !rules.organizationClaim.isEmpty {
      switch claims.member(rules.organizationClaim) {
      case .absent: break
      case .text(let name):
        organization = name.isEmpty ? -1 : set.find(name)
        guard organization >= 0 else { return .refused(.unknownOrganization) }
      default: return .refused(.ambiguousIdentity)
      }
    }
    if !rules.workspaceClaim.isEmpty {
      switch claims.member(rules.workspaceClaim) {
      case .absent: break
      case .text(let name):
        guard Gateway.name(&identity, workspace: name) else {
          return .refused(.ambiguousIdentity)
        }
      default: return .refused(.ambiguousIdentity)
      }
    }
    return .somebody(rules.claimsKind, id, organization: organization)
  }

  /// The name in the certificate that the gateway verified, without the configured beginning.
  private func peer(_ request: GatewayRequest) -> Finding {
    let prefix = rules.peerPrefix
    guard !prefix.isEmpty, request.peer.count > prefix.count,
      request.peer[0..<prefix.count] == prefix
    else { return .nobody }
    let id = request.peer[prefix.count..<request.peer.count]
    guard Identifier.isValid(id) else { return .refused(.invalidID) }
    return .somebody(rules.peerKind, id, organization: -1)
  }

  private func header(_ request: GatewayRequest) -> Finding {
    guard !rules.headerName.isEmpty else { return .nobody }
    switch request.headers.find(rules.headerName) {
    case .absent: return .nobody
    case .repeated: return .refused(.ambiguousIdentity)
    case .once(let value):
      // Joined headers look like this, too.
      if value.firstIndex(of: UInt8(ascii: ",")) >= 0 { return .refused(.ambiguousIdentity) }
      let name = PrincipalName(value)
      guard Identifier.isValid(name.id) else { return .refused(.invalidID) }
      return .somebody(name.kind, name.id, organization: -1)
    }
  }
}
