public import VerdictRPC

/// Who is at the other end of a connection, as far as that was proved.
public enum Caller: Sendable, Equatable, CustomStringConvertible {
  /// Plain TCP, or a client without a certificate.
  case anonymous
  /// A process of this machine, by the user it runs as, through a Unix socket.
  case user(UInt32)
  /// By its certificate: `uri:`, `dns:` or `subject:` and the name.
  case certificate(String)

  public var description: String {
    switch self {
    case .anonymous: "anonymous"
    case .user(let number): "uid:\(number)"
    case .certificate(let name): name
    }
  }
}

/// An allow-list: which callers may call which services of a listener.
///
/// A listener with a list is closed to everybody who is not on it, for every service but health
/// checks, which tell nothing but whether there are policies.
public struct CallerRules: Sendable, Equatable {
  /// One line of the list.
  public struct Rule: Sendable, Equatable {
    /// nil: every service.
    public let service: RPCService?
    /// `uid:1000`, `uri:spiffe://...`, `dns:...` or `subject:...`; a `uri:` that ends in `/*`
    /// stands for everything below.
    public let caller: String
  }

  /// Why a text is no rule, in words for the person who typed it.
  public struct ParseError: Error, Sendable, CustomStringConvertible {
    public let description: String
  }

  public private(set) var rules: [Rule] = []

  public init() {}

  /// Adds a rule as people type it: a caller, or `SERVICE=CALLER`.
  public mutating func add(parsing text: String) throws(ParseError) {
    var caller = Substring(text)
    var service: RPCService?
    for candidate in RPCService.allCases where text.hasPrefix("\(candidate.shortName)=") {
      service = candidate
      caller = text.dropFirst(candidate.shortName.count + 1)
    }
    let kinds = ["uid:", "uri:", "dns:", "subject:"]
    guard let kind = kinds.first(where: caller.hasPrefix), caller.utf8.count > kind.utf8.count
    else {
      let names = RPCService.allCases.map { "\($0.shortName)=" }.joined(separator: ", ")
      throw ParseError(
        description: "`\(text)`: expected uid:NUMBER, uri:NAME, dns:NAME or subject:NAME, after "
          + "one of \(names) or nothing")
    }
    if kind == "uid:" && UInt32(caller.dropFirst(4)) == nil {
      throw ParseError(description: "`\(text)`: a user is named by number, `uid:1000`")
    }
    rules.append(Rule(service: service, caller: String(caller)))
  }

  /// A bit for each service that the caller may not call. Linear in the rules; once a connection.
  func refusedServices(_ caller: Caller) -> UInt8 {
    var refused: UInt8 = 0
    for service in RPCService.allCases where service != .health {
      let isAllowed = rules.contains {
        ($0.service == nil || $0.service == service) && CallerRules.matches($0.caller, caller)
      }
      if !isAllowed { refused |= service.bit }
    }
    return refused
  }

  private static func matches(_ pattern: String, _ caller: Caller) -> Bool {
    switch caller {
    case .anonymous: return false
    case .user(let number):
      return pattern.hasPrefix("uid:") && UInt32(pattern.dropFirst(4)) == number
    case .certificate(let name):
      if pattern.hasPrefix("uid:") { return false }
      // By bytes: as text, two names that differ may be equal.
      if pattern.hasPrefix("uri:") && pattern.hasSuffix("/*") {
        return name.utf8.starts(with: pattern.utf8.dropLast())
      }
      return name.utf8.elementsEqual(pattern.utf8)
    }
  }
}
