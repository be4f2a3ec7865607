public import VerdictModel

/// One check as the reference interpreter reads it: every field as the bytes that were given.
///
/// An empty field is an absent one, because the wire can't tell them apart (proto3) and every
/// carrier of a check has to give the same answer. An empty *id* inside a field (`user:`,
/// `destination/`) is an id that is empty.
public struct ReferenceCheck: Sendable, Hashable {
  public var organization: [UInt8]?
  /// With its prefix; without one of the three it is a user.
  public var principal: [UInt8]
  public var workspace: [UInt8]?
  public var action: [UInt8]
  /// `TYPE/ID` or `TYPE`.
  public var resource: [UInt8]?
  /// `TYPE/ID`, or `user:ID`.
  public var target: [UInt8]?

  public init(
    organization: [UInt8]? = nil, principal: [UInt8], workspace: [UInt8]? = nil, action: [UInt8],
    resource: [UInt8]? = nil, target: [UInt8]? = nil
  ) {
    self.organization = organization
    self.principal = principal
    self.workspace = workspace
    self.action = action
    self.resource = resource
    self.target = target
  }

  public init(_ check: Check) {
    self.init(
      organization: check.organization.map { Array($0.utf8) },
      principal: Array(check.principal.utf8), workspace: check.workspace.map { Array($0.utf8) },
      action: Array(check.action.utf8), resource: check.resource.map { Array($0.utf8) },
      target: check.target.map { Array($0.utf8) })
  }
}

extension ReferenceCheck: CustomStringConvertible {
  /// One line for failure messages; bytes that are not printable ASCII are shown as `\xNN`.
  public var description: String {
    let fields: [(String, [UInt8]?)] = [
      ("organization", organization), ("principal", principal), ("workspace", workspace),
      ("action", action), ("resource", resource), ("target", target),
    ]
    return
      fields
      .compactMap { name, value in value.map { "\(name)=\(ReferenceCheck.printable($0))" } }
      .joined(separator: " ")
  }

  static func printable(_ bytes: [UInt8]) -> String {
    var text = ""
    for byte in bytes {
      if byte > 0x20 && byte < 0x7f {
        text.unicodeScalars.append(Unicode.Scalar(byte))
      } else {
        text += "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
      }
    }
    return text.isEmpty ? "``" : text
  }
}

/// What the reference interpreter answers. Ids inside `operand` are compared as bytes.
public struct ReferenceAnswer: Sendable, Hashable {
  public var reason: Reason
  /// The first missing term's permission, by name.
  public var permission: String?
  /// `self`, `target` or `related:TYPE/ID`.
  public var operand: [UInt8]?

  public var effect: Effect { reason.effect }

  public init(_ reason: Reason, permission: String? = nil, operand: [UInt8]? = nil) {
    self.reason = reason
    self.permission = permission
    self.operand = operand
  }
}

extension ReferenceAnswer: CustomStringConvertible {
  public var description: String {
    var text = "\(effect.name) \(reason.name)"
    if let permission { text += " permission=\(permission)" }
    if let operand { text += " operand=\(ReferenceCheck.printable(operand))" }
    return text
  }
}

/// A resource as a check names it: split at the first slash; no slash is a type without an id.
struct ReferenceOperand {
  var type: [UInt8]
  /// nil: only a type was given. Empty: an id was given, and it is empty.
  var id: [UInt8]?

  init(_ bytes: [UInt8]) {
    if let slash = bytes.firstIndex(of: UInt8(ascii: "/")) {
      type = Array(bytes[..<slash])
      id = Array(bytes[(slash + 1)...])
    } else {
      type = bytes
      id = nil
    }
  }
}

extension [UInt8] {
  /// What follows `prefix`, or nil where the bytes don't begin with it.
  func dropping(prefix: String) -> [UInt8]? {
    starts(with: prefix.utf8) ? Array(dropFirst(prefix.utf8.count)) : nil
  }

  /// Whether these bytes are exactly the name's.
  func equals(_ name: String) -> Bool { elementsEqual(name.utf8) }
}
