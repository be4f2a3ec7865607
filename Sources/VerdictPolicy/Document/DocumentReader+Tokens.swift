internal import VerdictModel

/// Service and personal access tokens.
extension DocumentReader {
  mutating func readTokens(_ node: Int) {
    guard let fields = reading.fields(node, "`tokens`", at: .tokens) else { return }
    if let node = fields[.service] { readServiceTokens(node) }
    if let node = fields[.personal] { readPersonalTokens(node) }
  }

  private mutating func readServiceTokens(_ node: Int) {
    guard let elements = reading.elements(node, "`service`") else { return }
    var seen: Set<Symbol> = []
    for element in elements {
      guard
        requireFeature(.serviceTokens, tree.mark(element), "service access tokens"),
        let fields = reading.fields(element, "a service token", at: .serviceToken)
      else { continue }
      let secret = readSecret(fields)
      guard let id = readTokenID(fields, &seen), let isOfOrganization = readKind(fields) else {
        continue
      }
      var token = PolicyDocument.ServiceToken(id: id, workspace: nil, secret: secret)
      if isOfOrganization {
        for key in [Key.workspace, Key.policy] {
          guard let node = fields.keyNode(key) else { continue }
          reading.error(
            node, "a token of `kind: organization` has no `\(key.name)`, remove the key or the kind"
          )
        }
      } else {
        guard let node = fields[.workspace] else {
          reading.error(
            element, "a service token has no `workspace`, expected one or `kind: organization`")
          continue
        }
        guard let name = reading.id(node, "`workspace`"), let workspace = workspace(name) else {
          continue
        }
        token.workspace = name
        if let node = fields[.policy] { token.policy = readPolicy(node, workspace) }
      }
      serviceTokens.append(token)
    }
  }

  /// Whether a service token is the organization's; nil if `kind` is neither.
  private mutating func readKind(_ fields: Fields) -> Bool? {
    guard let node = fields[.kind] else { return false }
    guard let text = reading.text(node, "`kind`") else { return nil }
    switch text {
    case "organization": return true
    case "workspace": return false
    default:
      let found = reading.shortened(node)
      reading.error(node, "`kind` is `\(found)`, expected `organization` or `workspace`")
      return nil
    }
  }

  private mutating func readPersonalTokens(_ node: Int) {
    guard let elements = reading.elements(node, "`personal`") else { return }
    var seen: Set<Symbol> = []
    for element in elements {
      guard let fields = reading.fields(element, "a personal token", at: .personalToken) else {
        continue
      }
      let secret = readSecret(fields)
      let user = fields[.user].flatMap { reading.id($0, "`user`") }
      let workspaceName = fields[.workspace].flatMap { reading.id($0, "`workspace`") }
      let scope = fields[.scope].flatMap { readTokenScope($0) }
      if let workspaceName { _ = workspace(workspaceName) }
      guard let id = readTokenID(fields, &seen), let user, let workspaceName, let scope else {
        continue
      }
      if standings[Int(user.symbol.rawValue)] == .unknown {
        let text = tree.symbols.text(user.symbol)
        reading.warning(
          user.mark, "`\(text)` is not in the organization, the token is an unknown principal")
      }
      personalTokens.append(
        PolicyDocument.PersonalToken(
          id: id, user: user, workspace: workspaceName, scope: scope, secret: secret))
    }
  }

  private mutating func readTokenScope(_ node: Int) -> PolicyDocument.TokenScope? {
    guard let text = reading.text(node, "`scope`") else { return nil }
    if let scope = PolicyDocument.TokenScope.allCases.first(where: { $0.name == text }) {
      return scope
    }
    let found = reading.shortened(node)
    reading.error(node, "`scope` is `\(found)`, expected `read_only`, `read_write` or `admin`")
    return nil
  }

  private mutating func readTokenID(_ fields: Fields, _ seen: inout Set<Symbol>) -> Name? {
    guard let node = fields[.id], let id = reading.id(node, "a token's `id`") else { return nil }
    if seen.insert(id.symbol).inserted { return id }
    reading.error(node, "token `\(tree.text(node))` is listed twice, expected each id once")
    return nil
  }

  // MARK: Secrets

  private mutating func readSecret(_ fields: Fields) -> PolicyDocument.Secret {
    var secret = PolicyDocument.Secret()
    if let node = fields[.secretSha256], let text = reading.text(node, "`secret_sha256`") {
      if let digest = DocumentReader.digest(text) {
        if let first = secrets.updateValue(tree.mark(node), forKey: digest) {
          reading.error(
            node, "the same secret as the token on line \(first.line), expected one for each token")
        }
        secret.sha256 = digest
      } else {
        // Not repeated: it may be the secret itself, by mistake.
        reading.error(node, "`secret_sha256` is no SHA-256, expected 64 hexadecimal digits")
      }
    }
    if let node = fields[.expiresAt], let text = reading.text(node, "`expires_at`") {
      secret.expiresAtSeconds = Timestamp.seconds(text)
      if secret.expiresAtSeconds == nil {
        reading.error(
          node,
          "`expires_at` is `\(reading.shortened(node))`, expected a time such as "
            + "`2027-01-01T00:00:00Z`")
      }
    }
    return secret
  }

  private static func digest(_ text: String) -> [UInt8]? {
    let digits = Array(text.utf8)
    guard digits.count == 64 else { return nil }
    var digest: [UInt8] = []
    for index in stride(from: 0, to: 64, by: 2) {
      guard let high = digit(digits[index]), let low = digit(digits[index + 1]) else { return nil }
      digest.append(high << 4 | low)
    }
    return digest
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
