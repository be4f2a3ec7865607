internal import VerdictModel

/// Reads a tree as a file of policy tests.
struct PolicyTestReader {
  var reading: Reading
  let path: String
  private var tree: DocumentTree { reading.tree }

  init(reading: Reading, path: String) {
    self.reading = reading
    self.path = path
  }

  static let keys: [Key] = [.rule, .policies, .document, .defaults, .checks]
  /// What a check may say, in the order in which people write it.
  static let checkKeys: [Key] = [
    .organization, .principal, .workspace, .action, .resource, .target, .expect, .reason,
    .permission, .operand,
  ]

  mutating func read() throws(PolicyError) -> PolicyTest {
    var test = PolicyTest(path: path, rule: "", policies: .none, rows: [])
    if let fields = reading.fields(
      0, "the policy tests", allowed: PolicyTestReader.keys, required: [.checks])
    {
      if let node = fields[.rule] { test.rule = reading.text(node, "`rule`") ?? "" }
      test.policies = policies(fields)
      let defaults = fields[.defaults].map { texts($0, "`defaults`") } ?? [:]
      if let node = fields[.checks], let elements = reading.elements(node, "`checks`") {
        for element in elements {
          if let row = row(element, defaults) { test.rows.append(row) }
        }
        if tree.count(node) == 0 { reading.error(node, "`checks` is empty, expected some") }
      }
    }
    try reading.diagnostics.check()
    return test
  }

  private mutating func policies(_ fields: Fields) -> PolicyTest.Policies {
    if let node = fields[.document] {
      if let other = fields.keyNode(.policies) {
        reading.error(other, "`policies` beside `document`, expected one of them")
      }
      return reading.text(node, "`document`").map { .text($0, tree.mark(node)) } ?? .none
    }
    guard let node = fields[.policies], let elements = reading.elements(node, "`policies`") else {
      return .none
    }
    var paths: [String] = []
    for element in elements {
      guard let name = reading.text(element, "a path") else { continue }
      if name.isEmpty || name.utf8.contains(0) {
        reading.error(element, "a path is empty or has a NUL, expected a file or directory")
        continue
      }
      paths.append(seen(name))
    }
    if tree.count(node) == 0 { reading.error(node, "`policies` is empty, expected paths") }
    return .paths(paths)
  }

  /// A path that the file names, from where the command runs.
  private func seen(_ name: String) -> String {
    guard !name.hasPrefix("/"), let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else {
      return name
    }
    return String(path[...slash]) + name
  }

  /// The texts of a check or of `defaults`.
  private mutating func texts(_ node: Int, _ noun: String) -> [Key: Int] {
    let keys = PolicyTestReader.checkKeys
    guard let fields = reading.fields(node, noun, allowed: keys) else { return [:] }
    var texts: [Key: Int] = [:]
    for key in fields.seen {
      if let value = fields[key], reading.text(value, "`\(key.name)`") != nil {
        texts[key] = value
      }
    }
    return texts
  }

  private mutating func row(_ node: Int, _ defaults: [Key: Int]) -> PolicyTest.Row? {
    let texts = texts(node, "a check").merging(defaults) { own, _ in own }
    for key in [Key.principal, .action, .expect] where texts[key] == nil {
      reading.error(
        node, "a check has no `\(key.name)`, which is required here or in `defaults`")
    }
    func text(_ key: Key) -> String? { texts[key].map { tree.text($0) } }
    guard let principal = text(.principal), let action = text(.action),
      let expected = expectation(texts)
    else { return nil }
    let check = Check(
      organization: text(.organization), principal: principal, workspace: text(.workspace),
      action: action, resource: text(.resource), target: text(.target))
    return PolicyTest.Row(mark: tree.mark(node), check: check, expected: expected)
  }

  private mutating func expectation(_ texts: [Key: Int]) -> PolicyTest.Expectation? {
    guard let node = texts[.expect] else { return nil }
    guard let effect = Effect.allCases.first(where: { $0.name == tree.text(node) }) else {
      let found = reading.shortened(node)
      let known = Spelling.choice(Effect.allCases.map(\.name))
      reading.error(node, "`expect` is `\(found)`, expected \(known)")
      return nil
    }
    var expected = PolicyTest.Expectation(effect: effect)
    if let node = texts[.reason] {
      guard let reason = Reason(name: tree.text(node)) else {
        let advice = Spelling.advice(tree.text(node), among: Reason.table.map(\.name))
        reading.error(node, "unknown reason `\(reading.shortened(node))`, \(advice)")
        return nil
      }
      guard reason.effect == effect else {
        reading.error(
          node, "`\(reason.name)` is always `\(reason.effect.name)`, never `\(effect.name)`")
        return nil
      }
      expected.reason = reason
    }
    expected.permission = texts[.permission].map { tree.text($0) }
    expected.operand = texts[.operand].map { tree.text($0) }
    return expected
  }
}
