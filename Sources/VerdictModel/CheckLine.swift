/// The members of a check that somebody gave: on a line of JSON, or as flags (domain.md section 7).
public struct CheckLine: Sendable, Equatable {
  public var organization: String?
  public var principal: String?
  public var workspace: String?
  public var action: String?
  public var resource: String?
  public var target: String?

  public init(
    organization: String? = nil, principal: String? = nil, workspace: String? = nil,
    action: String? = nil, resource: String? = nil, target: String? = nil
  ) {
    self.organization = organization
    self.principal = principal
    self.workspace = workspace
    self.action = action
    self.resource = resource
    self.target = target
  }

  /// Reads one line of JSON: an object with these members and no others, each a string, none twice.
  ///
  /// Complexity: linear.
  public init(parsing line: ByteView) throws(CheckLineError) {
    self.init()
    for (name, value) in try FlatJSONObject.members(of: line) {
      // Texts that are all ASCII are equal only if their bytes are.
      switch name.utf8.allSatisfy({ $0 < 0x80 }) ? name : "" {
      case "organization": try CheckLine.set(&organization, value, name)
      case "principal": try CheckLine.set(&principal, value, name)
      case "workspace": try CheckLine.set(&workspace, value, name)
      case "action": try CheckLine.set(&action, value, name)
      case "resource": try CheckLine.set(&resource, value, name)
      case "target": try CheckLine.set(&target, value, name)
      default: throw CheckLineError("there is no member `\(CheckLine.shortened(name))`")
      }
    }
  }

  private static func set(
    _ member: inout String?, _ value: String, _ name: String
  ) throws(CheckLineError) {
    guard member == nil else { throw CheckLineError("member `\(name)` stands there twice") }
    member = value
  }

  /// The check, with `defaults` for what is absent here.
  public func check(defaults: CheckLine = CheckLine()) throws(CheckLineError) -> Check {
    guard let principal = principal ?? defaults.principal else {
      throw CheckLineError("member `principal` is missing")
    }
    guard let action = action ?? defaults.action else {
      throw CheckLineError("member `action` is missing")
    }
    return Check(
      organization: organization ?? defaults.organization, principal: principal,
      workspace: workspace ?? defaults.workspace, action: action,
      resource: resource ?? defaults.resource, target: target ?? defaults.target)
  }

  private static func shortened(_ name: String) -> String {
    let scalars = name.unicodeScalars
    return scalars.count <= 64 ? name : String(scalars.prefix(64)) + "..."
  }
}

/// Why a line is no check. The message is part of a sentence: lower case, no final stop.
public struct CheckLineError: Error, Equatable, CustomStringConvertible {
  public let message: String

  public init(_ message: String) { self.message = message }

  public var description: String { message }
}

extension CheckAnswer {
  /// The answer as JSON: `effect`, `reason`, `permission`, `operand` and `message`, in this order;
  /// the third and fourth are left out where nothing is missing.
  public var json: JSONValue {
    var members = [
      JSONValue.Member("effect", effect.name), JSONValue.Member("reason", reason.name),
    ]
    if let permission { members.append(JSONValue.Member("permission", permission)) }
    if let operand { members.append(JSONValue.Member("operand", operand)) }
    members.append(JSONValue.Member("message", message))
    return .object(members)
  }

  /// The answer to a line of a batch that is no check: nothing was decided, so it is
  /// indeterminate here, where gateways deny for the same reason.
  public static func unreadable(lineNumber: Int, _ error: CheckLineError) -> CheckAnswer {
    var answer = CheckAnswer(
      reason: .badRequest, message: "Line \(lineNumber) could not be read: \(error.message).")
    answer.effect = .indeterminate
    return answer
  }
}
