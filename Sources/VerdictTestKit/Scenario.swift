public import VerdictModel

/// One file of the conformance corpus: a rule of the decision model, the documents to decide from,
/// and a table of checks with the answers that were worked out by hand.
///
/// ```yaml
/// rule: the view floor takes no more than access to the workspace
/// policies: [worlds/enterprise.yaml] # beside the file; or `document: |` with the text itself
/// defaults: {workspace: prod}
/// checks:
///   - {principal: user:mia, action: view, expect: allow, reason: view_floor}
///   - {principal: user:mia, action: edit, resource: destination/D1, expect: deny,
///      reason: missing_permission, permission: edit, operand: self}
/// ```
///
/// A field of a check that is not written is taken from `defaults`. `verdict test` reads the same
/// form; here a row has to name its reason, and what it doesn't name has to be absent.
public struct Scenario: Sendable {
  public var path: String
  public var rule: String
  public var documents: [Document]
  public var rows: [Row]

  /// A policy document, as the bytes of its file.
  public struct Document: Sendable {
    public var path: String
    public var text: [UInt8]
  }

  public struct Row: Sendable {
    /// In the scenario's file.
    public var line: Int
    public var check: Check
    public var expected: ReferenceAnswer
  }

  public struct Fault: Error, CustomStringConvertible {
    public var path: String
    public var line: Int
    public var message: String

    public var description: String { "\(path):\(line): \(message)" }
  }
}

extension Scenario {
  /// Reads a scenario. `world` gives the bytes of a shared document by the name that the file uses.
  public init(
    path: String, text: [UInt8], world: (String) throws -> [UInt8]
  ) throws {
    let node: YAMLNode
    do throws(YAMLNode.Fault) {
      node = try YAMLNode(parsing: text)
    } catch {
      throw Fault(path: path, line: error.line, message: error.message)
    }
    var reader = Reader(path: path)
    try reader.read(node, world: world)
    self.init(path: path, rule: reader.rule, documents: reader.documents, rows: reader.rows)
  }

  private struct Reader {
    let path: String
    var rule = ""
    var documents: [Document] = []
    var rows: [Row] = []
    var defaults: [String: String] = [:]

    func fault(_ node: YAMLNode, _ message: String) -> Fault {
      Fault(path: path, line: node.line, message: message)
    }

    mutating func read(_ node: YAMLNode, world: (String) throws -> [UInt8]) throws {
      for (key, value) in try entries(node) {
        switch key {
        case "rule": rule = try text(value)
        case "policies", "worlds":
          for element in try elements(value) {
            let name = try text(element)
            documents.append(Document(path: name, text: try world(name)))
          }
        case "document":
          documents.append(Document(path: path, text: Array(try text(value).utf8)))
        case "defaults": defaults = try fields(value)
        case "checks": rows = try elements(value).map { try row($0) }
        default: throw fault(value, "unknown key `\(key)`")
        }
      }
      if rule.isEmpty || documents.isEmpty || rows.isEmpty {
        throw fault(node, "a scenario has a rule, a document and checks")
      }
    }

    func row(_ node: YAMLNode) throws -> Row {
      let given = try fields(node)
      let known = [
        "organization", "principal", "workspace", "action", "resource", "target", "expect",
        "reason", "permission", "operand",
      ]
      if let key = given.keys.first(where: { !known.contains($0) }) {
        throw fault(node, "unknown key `\(key)`")
      }
      let all = defaults.merging(given) { _, given in given }
      guard let reason = all["reason"].flatMap({ Reason(name: $0) }) else {
        throw fault(node, "no reason, or an unknown one")
      }
      guard all["expect"] == reason.effect.name else {
        throw fault(node, "`\(reason.name)` is a reason of \(reason.effect.name)")
      }
      guard let action = all["action"], let principal = all["principal"] else {
        throw fault(node, "a check has a principal and an action")
      }
      let check = Check(
        organization: all["organization"], principal: principal, workspace: all["workspace"],
        action: action, resource: all["resource"], target: all["target"])
      let expected = ReferenceAnswer(
        reason, permission: all["permission"], operand: all["operand"].map { Array($0.utf8) })
      return Row(line: node.line, check: check, expected: expected)
    }

    // MARK: Nodes

    func entries(_ node: YAMLNode) throws -> [(key: String, value: YAMLNode)] {
      guard case .mapping(let entries, _) = node else { throw fault(node, "not a mapping") }
      return entries
    }

    func elements(_ node: YAMLNode) throws -> [YAMLNode] {
      guard case .list(let elements, _) = node else { throw fault(node, "not a list") }
      return elements
    }

    func text(_ node: YAMLNode) throws -> String {
      guard case .text(let text, _) = node else { throw fault(node, "not text") }
      return text
    }

    func fields(_ node: YAMLNode) throws -> [String: String] {
      var fields: [String: String] = [:]
      for (key, value) in try entries(node) {
        if fields.updateValue(try text(value), forKey: key) != nil {
          throw fault(value, "`\(key)` twice")
        }
      }
      return fields
    }
  }
}
