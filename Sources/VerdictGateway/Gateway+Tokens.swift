internal import VerdictCrypto
internal import VerdictEngine
internal import VerdictModel
internal import VerdictRPC
internal import VerdictSnapshot

/// Who is calling, by what stands behind `authorization: Bearer`: a secret of the policies' tokens,
/// or a JWT.
extension Gateway {
  /// The token of `authorization: Bearer`.
  private enum Token {
    case none
    case refused(Reason)
    case one(ByteView)
  }

  private static func token(_ request: GatewayRequest) -> Token {
    let value: ByteView
    switch request.headers.find("authorization") {
    case .absent: return .none
    case .repeated: return .refused(.ambiguousIdentity)
    case .once(let text): value = text.trimmed
    }
    // Several headers of the name arrive joined by commas, which no token has.
    if value.firstIndex(of: UInt8(ascii: ",")) >= 0 { return .refused(.ambiguousIdentity) }
    let space = value.firstIndex(of: 0x20)
    guard space == 6, value[0..<6].isWord("bearer") else { return .none }
    return .one(value[7..<value.count].trimmed)
  }

  func bearer(
    _ request: GatewayRequest, _ set: SnapshotSet, _ nowSeconds: Int64
  ) -> Finding {
    let token: ByteView
    switch Gateway.token(request) {
    case .none: return .nobody
    case .refused(let reason): return .refused(reason)
    case .one(let text): token = text
    }
    guard !token.isEmpty, token.count <= GatewayLimits.tokenByteCountMax else { return .stranger }
    let digest = SHA256Bytes(of: token)
    return digest.withByteView { digest in
      var found: (organization: Int, slot: Int, expiresAtSeconds: Int64)?
      for index in 0..<set.count {
        guard let holder = set[index].view.secretHolder(digest: digest) else { continue }
        // Several hands may have made a set: whose a secret is must not depend on the order.
        guard found == nil else { return .refused(.ambiguousIdentity) }
        found = (index, holder.slot, holder.expiresAtSeconds)
      }
      guard let found else { return .stranger }
      guard nowSeconds < found.expiresAtSeconds else { return .refused(.unidentified) }
      let principals = set[found.organization].view.table(.principals)
      guard let kind = PrincipalKind(rawValue: principals.slot(found.slot).tag) else {
        return .refused(.internal)
      }
      return .somebody(
        kind, principals.key(slot: found.slot), organization: found.organization)
    }
  }

  /// A JWT that is verified here, or was before.
  mutating func jwt(
    _ request: GatewayRequest, _ set: SnapshotSet, _ nowSeconds: Int64,
    _ identity: inout Identity, _ arena: borrowing MessageArena
  ) -> Finding {
    let token: ByteView
    switch Gateway.token(request) {
    case .none: return .nobody
    case .refused(let reason): return .refused(reason)
    case .one(let text): token = text
    }
    guard TokenText.looksLike(token) else { return .nobody }
    guard token.count <= GatewayLimits.tokenByteCountMax, let verifies = tokens?.verifies else {
      return .refused(.unidentified)
    }
    return SHA256Bytes(of: token).withByteView { digest in
      if tokens?.find(digest, nowSeconds) == nil {
        guard verifies else {
          identity.awaitsVerification = true
          return .refused(.internal)
        }
        _ = tokens?.verify(
          token, digest, rules, nowSeconds: nowSeconds, seed: seed, arena)
      }
      guard let found = tokens?.find(digest, nowSeconds) else { return .refused(.unidentified) }
      guard Identifier.isValid(found.principal) else { return .refused(.invalidID) }
      var organization = -1
      if !found.organization.isEmpty {
        organization = set.find(found.organization)
        guard organization >= 0 else { return .refused(.unknownOrganization) }
      }
      guard Gateway.name(&identity, workspace: found.workspace) else {
        return .refused(.ambiguousIdentity)
      }
      return .somebody(rules.claimsKind, found.principal, organization: organization)
    }
  }
}
