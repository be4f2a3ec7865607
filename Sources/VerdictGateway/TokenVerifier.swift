internal import VerdictCrypto
public import VerdictJWT
internal import VerdictModel
internal import VerdictRPC

/// Which JWTs are believed. Every claim named here has to be there and right.
public struct TokenRules: Sendable, Equatable {
  public var issuer: String
  /// One of them has to be among the token's.
  public var audiences: [String]
  public var algorithms: [SignatureAlgorithm] = [.rs256, .es256]
  /// How far clocks may be apart, in seconds, from 0 to `leewaySecondsMax`.
  public var leewaySeconds: Int64 = 60

  public static let leewaySecondsMax: Int64 = 600

  public init(issuer: String, audiences: [String]) {
    self.issuer = issuer
    self.audiences = audiences
  }
}

/// Rules and the keys in force, shared by all threads.
public struct TokenTrust: Sendable {
  public let rules: TokenRules
  public let keys: TokenKeyStore

  public init(rules: TokenRules, keys: TokenKeyStore) {
    self.rules = rules
    self.keys = keys
  }
}

/// Verifies JWTs, and remembers those that were right. Workers verify, which takes some tens of
/// microseconds and allocates; loops only look up what workers have told them.
struct TokenVerifier: ~Copyable {
  let trust: TokenTrust
  let verifies: Bool
  private var known = VerifiedTokens()
  private var keys: SignatureKeys?
  private var keysVersion: UInt64 = 0
  /// What was verified last, until it is taken.
  private var news: VerifiedToken?

  init(_ trust: TokenTrust, verifies: Bool) {
    self.trust = trust
    self.verifies = verifies
  }

  func find(_ digest: ByteView, _ nowSeconds: Int64) -> VerifiedTokens.Found? {
    known.find(digest: digest, keysVersion: trust.keys.version, nowSeconds: nowSeconds)
  }

  mutating func remember(_ token: VerifiedToken) { known.insert(token) }

  mutating func takeNews() -> VerifiedToken? { news.take() }

  /// Verifies a token and remembers it; false: it is not to be believed.
  ///
  /// - Parameter claims: which of them name whom.
  mutating func verify(
    _ token: ByteView, _ digest: ByteView, _ claims: IdentityRules, nowSeconds: Int64,
    seed: UInt64, _ arena: borrowing MessageArena
  ) -> Bool {
    guard let text = TokenText(token, seed: seed, in: arena), isSigned(token, text.header),
      let end = end(text.claims, nowSeconds), isForUs(text.claims),
      case .text(let principal) = text.claims.claim(claims.principalClaim),
      principal.count <= VerifiedTokens.textByteCountMax,
      let organization = TokenVerifier.name(claims.organizationClaim, text.claims),
      let workspace = TokenVerifier.name(claims.workspaceClaim, text.claims)
    else { return false }
    let verified = VerifiedToken(
      digest: digest.array, keysVersion: keysVersion, endSeconds: end,
      principal: principal.array, organization: organization.array, workspace: workspace.array)
    known.insert(verified)
    news = verified
    return true
  }

  /// The text of a claim, empty where it is not configured or not there; nil: it is no name.
  private static func name(_ claim: ByteView, _ claims: JSONBody) -> ByteView? {
    guard !claim.isEmpty else { return ByteView() }
    switch claims.claim(claim) {
    case .absent: return ByteView()
    case .text(let name):
      return name.isEmpty || name.count > VerifiedTokens.textByteCountMax ? nil : name
    case .other: return nil
    }
  }

  // MARK: Parts

  private mutating func isSigned(_ token: ByteView, _ header: JSONBody) -> Bool {
    guard case .text(let name) = header.claim(ByteView("alg")),
      let algorithm = trust.rules.algorithms.first(where: { one in
        one.rawValue.withByteView { $0 == name }
      }),
      // Whatever has to be understood is not.
      case .absent = header.claim(ByteView("crit")), TokenVerifier.isType(header)
    else { return false }
    let keyID: ByteView?
    switch header.claim(ByteView("kid")) {
    case .absent: keyID = nil
    case .text(let id): keyID = id
    case .other: return false
    }
    guard renewKeys() else { return false }
    return keys?.verifies(token, keyID: keyID, algorithm: algorithm) ?? false
  }

  /// A token that says what it is for is for access: others are signed by the same keys.
  private static func isType(_ header: JSONBody) -> Bool {
    switch header.claim(ByteView("typ")) {
    case .absent: true
    case .text(let type):
      type.isWord("jwt") || type.isWord("at+jwt") || type.isWord("application/at+jwt")
    case .other: false
    }
  }

  /// Reads the keys in force, if they are others than before.
  private mutating func renewKeys() -> Bool {
    if keysVersion == trust.keys.version { return true }
    let (version, keySet) = trust.keys.current()
    do throws(KeySetError) {
      keys = try SignatureKeys(keySet: keySet)
      keysVersion = version
      return true
    } catch {
      // It was read before it came into force, so this is want of memory.
      return false
    }
  }

  /// When the token is over; nil: it is already, or not yet begun, or doesn't say.
  private func end(_ claims: JSONBody, _ nowSeconds: Int64) -> Int64? {
    let leeway = trust.rules.leewaySeconds
    guard let end = claims.seconds(ByteView("exp")).seconds, nowSeconds < end + leeway else {
      return nil
    }
    let begin = claims.seconds(ByteView("nbf"))
    guard begin.isReadable, (begin.seconds ?? 0) <= nowSeconds + leeway else { return nil }
    return end + leeway
  }

  private func isForUs(_ claims: JSONBody) -> Bool {
    guard case .text(let issuer) = claims.claim(ByteView("iss")),
      trust.rules.issuer.withByteView({ $0 == issuer })
    else { return false }
    switch claims.claim(ByteView("aud")) {
    case .absent: return false
    case .text(let audience): return isAudience(audience)
    case .other(let place):
      guard claims[place].kind == .list else { return false }
      var element = Int(claims[place].first)
      var isAmong = false
      while element >= 0 {
        guard claims[element].kind == .text else { return false }
        isAmong = isAmong || isAudience(claims[element].text)
        element = Int(claims[element].next)
      }
      return isAmong
    }
  }

  private func isAudience(_ name: ByteView) -> Bool {
    trust.rules.audiences.contains { one in one.withByteView { $0 == name } }
  }
}
