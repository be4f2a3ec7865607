import Testing
import VerdictModel

@testable import VerdictPolicy

/// One change to a small valid model, and everything that is to be said about the result.
struct ModelFlaw: Sendable, CustomTestStringConvertible {
  let rule: String
  let text: String
  let expected: [String]

  init(_ rule: String, _ old: String, _ new: String, _ expected: String...) {
    self.rule = rule
    self.text = ModelReaderTests.model.with(old, new)
    self.expected = expected
  }

  var testDescription: String { rule }
}

@Suite("reading access models")
struct ModelReaderTests {
  static let model = """
    apiVersion: verdict.model/v1
    id: tiny
    display: Tiny
    access: roles
    types:
      box: {display: box, plural: boxes}
      lid: {display: lid, plural: lids}
    permissions:
      edit: {display: Edit, types: all}
      make: {display: Make, types: [box], narrowable: false}
    pii:
      peek: {display: Peek, types: [box]}
    switches:
      power: {display: Power}
    relations:
      - {name: lids, from: box, to: lid}
      - {name: parent, from: lid, to: box, single: true}
    connections: [[box, lid]]
    plans:
      free: {display: Free, limits: {members: 3}, features: [pii]}
    actions:
      edit:
        display: Edit
        resource: required
        cases:
          - {types: [box], any_of: [[edit(self), edit(every lids)], [power]]}
          - {types: [lid], requires: [edit(parent parent)]}
      join:
        display: Join
        resource: required
        symmetric: true
        cases:
          - {pairs: [[box, lid]], requires: [edit(self), edit(target)]}
      look:
        display: Look
        resource: required
        cases:
          - types: [box]
            target: {types: [lid], optional: true}
            linked_by: lids
            when_linked: [edit(target)]
            requires: [peek(self)]
    organization_actions:
      pay: {display: Pay, who: admins, plan: {at_limit: members}}
    roles:
      owner: {display: Owner, plans: all, administers: true}
      packer:
        display: Packer
        plans: [free]
        scope: {key: boxes, type: box}
        grants:
          - {permissions: [edit], types: [box]}
          - {permissions: [make], types: [box], only_with_all: true}
          - {permissions: [power]}

    """

  static func findings(_ text: String) -> [String] {
    do {
      _ = try AccessModels.read(Array(text.utf8), path: "m.yaml")
      return []
    } catch {
      return error.diagnostics.map(\.description)
    }
  }

  @Test("the model that the flaws are put into has none")
  func baseline() throws {
    #expect(Self.findings(Self.model) == [])
    let model = try AccessModels.read(Array(Self.model.utf8), path: "m.yaml")
    #expect(model.actions.map(\.name) == ["edit", "join", "look", "peek", "power", "pay"])
  }

  @Test("each rule is reported with its place and its help", arguments: flaws)
  func flaw(_ flaw: ModelFlaw) {
    #expect(Self.findings(flaw.text) == flaw.expected)
  }

  @Test("two models with one id are an error")
  func twice() throws {
    let model = try AccessModels.read(Array(Self.model.utf8), path: "m.yaml")
    #expect(throws: PolicyError.self) { try AccessModels([model, model]) }
  }

  @Test("a directory without models is an error, and one that is missing")
  func directories() {
    #expect(throws: PolicyError.self) {
      try AccessModels(directory: Repository.path("Tests/VerdictPolicyTests"))
    }
    #expect(throws: PolicyError.self) { try AccessModels(directory: "/nowhere/at/all") }
  }

  @Test("any word of a model may be something else, and never crashes")
  func otherKinds() {
    let bytes = Array(Self.model.utf8)
    func isWord(_ byte: UInt8) -> Bool {
      (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || byte == UInt8(ascii: "_")
    }
    var start = 0
    while start < bytes.count {
      guard isWord(bytes[start]) else {
        start += 1
        continue
      }
      let end = bytes[start...].firstIndex { !isWord($0) } ?? bytes.count
      for other in ["[x, y]", "[]", "{x: y}", "{}", "~", "1", "all", "none"] {
        let text = bytes[..<start] + Array(other.utf8) + bytes[end...]
        _ = Self.findings(String(decoding: text, as: UTF8.self))
      }
      start = end
    }
  }

  @Test("a model with any region deleted never crashes")
  func mutated() {
    let bytes = Array(Self.model.utf8)
    for start in stride(from: 0, to: bytes.count, by: 3) {
      for length in [1, 7, 40] {
        var cut = bytes
        cut.removeSubrange(start..<min(bytes.count, start + length))
        _ = Self.findings(String(decoding: cut, as: UTF8.self))
      }
    }
  }

  static let flaws: [ModelFlaw] = [
    ModelFlaw(
      "another version", "verdict.model/v1", "verdict/v1",
      "m.yaml:1:13: `apiVersion` is `verdict/v1`, expected `verdict.model/v1`"),
    ModelFlaw(
      "an unknown key", "connections:", "connection:",
      "m.yaml:18:1: unknown key `connection` in the model, did you mean `connections`?"),
    ModelFlaw(
      "a bad name", "id: tiny", "id: Tiny/1",
      "m.yaml:2:5: the model's `id` is `Tiny/1`, expected lower-case letters, digits, `_`, `.`"),
    ModelFlaw(
      "an unknown access", "access: roles", "access: role",
      "m.yaml:4:9: `access` is `role`, expected `policies` or `roles`",
      "m.yaml:45:1: `roles` in a model with `access: policies`, expected `access: roles`"),
    ModelFlaw(
      "roles with policies", "access: roles", "access: policies",
      "m.yaml:45:1: `roles` in a model with `access: policies`, expected `access: roles`"),
    ModelFlaw(
      "a type without a plural", "{display: lid, plural: lids}", "{display: lid}",
      "m.yaml:7:8: a type has no `plural`, which is required"),
    ModelFlaw(
      "a permission on an unknown type", "types: [box], narrowable", "types: [bax], narrowable",
      "m.yaml:10:33: unknown type `bax`, did you mean `box`?",
      "m.yaml:53:24: permission `make` can't be granted on `box`"),
    ModelFlaw(
      "a type twice", "types: [box], narrowable", "types: [box, box], narrowable",
      "m.yaml:10:38: type `box` is listed twice"),
    ModelFlaw(
      "a permission twice", "  power: {display: Power}", "  peek: {display: Power}",
      "m.yaml:14:3: permission `peek` is defined twice, expected one name for each",
      "m.yaml:26:66: unknown permission `power` in a term, known: `edit`, `make`, `peek`",
      "m.yaml:54:24: unknown permission `power`, known: `edit`, `make`, `peek`"),
    ModelFlaw(
      "a flag that is none", "narrowable: false", "narrowable: no",
      "m.yaml:10:51: `narrowable` is `no`, expected `true` or `false`"),
    ModelFlaw(
      "types on a switch", "{display: Power}", "{display: Power, types: all}",
      "m.yaml:14:27: unknown key `types` in a permission, known keys: `display`"),
    ModelFlaw(
      "a relation to an unknown type", "to: lid}", "to: led}",
      "m.yaml:16:33: unknown type `led`, did you mean `lid`?",
      "m.yaml:26:46: `box` has no relation `lids`, none is known",
      "m.yaml:40:20: `box` has no relation `lids`, none is known"),
    ModelFlaw(
      "a relation named like a key", "name: parent,", "name: id,",
      "m.yaml:17:12: relation `id` is taken on this type, expected another name",
      "m.yaml:27:35: `lid` has no relation `parent`, none is known"),
    ModelFlaw(
      "a pair of three", "connections: [[box, lid]]", "connections: [[box, lid, lid]]",
      "m.yaml:18:15: a pair of 3 types, expected 2"),
    ModelFlaw(
      "no plans", "  free: {display: Free, limits: {members: 3}, features: [pii]}", "  {}",
      "m.yaml:20:3: a model needs at least one plan",
      "m.yaml:49:13: unknown plan `free`, none is known"),
    ModelFlaw(
      "an unknown limit", "{members: 3}", "{member: 3}",
      "m.yaml:20:34: unknown limit `member`, did you mean `members`?"),
    ModelFlaw(
      "a limit below zero", "{members: 3}", "{members: -3}",
      "m.yaml:20:43: a limit is `-3`, expected a whole number"),
    ModelFlaw(
      "an unknown feature", "[pii]", "[pie]",
      "m.yaml:20:58: unknown feature `pie`, did you mean `pii`?"),
    ModelFlaw(
      "an action without cases", "    cases:\n      - {pairs",
      "    reads: true\n  stray:\n    display: Stray\n    cases:\n      - {pairs",
      "m.yaml:29:5: an action has no `cases`, which are required"),
    ModelFlaw(
      "an unknown operand of an action", "    symmetric: true", "    symmetric: 1",
      "m.yaml:31:16: `symmetric` is `1`, expected `true` or `false`"),
    ModelFlaw(
      "a case without terms", "{types: [lid], requires: [edit(parent parent)]}", "{types: [lid]}",
      "m.yaml:27:9: a case needs either `requires` or `any_of`"),
    ModelFlaw(
      "a case without types", "{types: [lid], requires: [edit(parent parent)]}", "{requires: []}",
      "m.yaml:27:9: a case needs either `types` or `pairs`"),
    ModelFlaw(
      "a second case for a type", "{types: [lid], requires: [edit(parent parent)]}",
      "{types: [lid, box], requires: [edit(self)]}",
      "m.yaml:27:9: a second case for `box`, expected one for each type"),
    ModelFlaw(
      "a case without a resource", "{types: [lid], requires: [edit(parent parent)]}",
      "{types: none, requires: []}",
      "m.yaml:27:17: `types: none` for an action that needs a resource, expected types"),
    ModelFlaw(
      "an unknown permission in a term", "[edit(parent parent)]", "[edat(parent parent)]",
      "m.yaml:27:35: unknown permission `edat` in a term, did you mean `edit`?"),
    ModelFlaw(
      "a permission that can't be granted there", "[edit(parent parent)]", "[peek(self)]",
      "m.yaml:27:35: permission `peek` can't be granted on `lid`, expected one that can"),
    ModelFlaw(
      "an unknown relation", "[edit(parent parent)]", "[edit(parent box)]",
      "m.yaml:27:35: `lid` has no relation `box`, known: `parent`"),
    ModelFlaw(
      "a parent that may be several", "edit(every lids)", "edit(parent lids)",
      "m.yaml:26:46: relation `lids` is not `single`, expected `every` or `any`"),
    ModelFlaw(
      "an unknown operand", "[edit(parent parent)]", "[edit(both)]",
      "m.yaml:27:35: unknown operand `both`, expected `self`, `target`, `every RELATION`, `any RELATION` or `parent RELATION`"
    ),
    ModelFlaw(
      "a term that is not closed", "[edit(parent parent)]", "[\"edit(self\"]",
      "m.yaml:27:35: term `edit(self` is not closed, expected `)` at its end"),
    ModelFlaw(
      "a permission without an operand", "[edit(parent parent)]", "[edit]",
      "m.yaml:27:35: `edit` is no switch, expected an operand as in `edit(self)`"),
    ModelFlaw(
      "a target without one", "[edit(parent parent)]", "[edit(target)]",
      "m.yaml:27:35: `target` in a case without one, expected `target` or `pairs` beside it"),
    ModelFlaw(
      "a link without terms", "        when_linked: [edit(target)]\n", "",
      "m.yaml:40:20: `linked_by` without `when_linked`, expected both"),
    ModelFlaw(
      "terms without a link", "        linked_by: lids\n", "",
      "m.yaml:40:9: `when_linked` without `linked_by`, expected both"),
    ModelFlaw(
      "an unknown plan gate", "{at_limit: members}", "{}",
      "m.yaml:44:42: `plan` needs exactly one of `at_limit`, `none_of` and `without`"),
    ModelFlaw(
      "an unknown who", "who: admins", "who: everyone",
      "m.yaml:44:28: unknown `who` `everyone`, known: `admins`, `self`, `nobody`"),
    ModelFlaw(
      "an organization action twice", "  pay: {", "  edit: {",
      "m.yaml:44:3: action `edit` is defined twice, expected one name for each"),
    ModelFlaw(
      "a role of an unknown plan", "plans: [free]", "plans: [fee]",
      "m.yaml:49:13: unknown plan `fee`, did you mean `free`?"),
    ModelFlaw(
      "a role that grants what can't be", "permissions: [make], types: [box]",
      "permissions: [make], types: [lid]",
      "m.yaml:53:24: permission `make` can't be granted on `lid`"),
    ModelFlaw(
      "a role that narrows what can't be", ", only_with_all: true", "",
      "m.yaml:53:24: `make` on `box` can't follow the ids that an assignment lists, expected `only_with_all: true`"
    ),
    ModelFlaw(
      "a switch with types", "{permissions: [power]}", "{permissions: [power], types: [box]}",
      "m.yaml:54:24: a switch takes no `types`, and every other permission needs them"),
    ModelFlaw(
      "a permission without types", "{permissions: [edit], types: [box]}", "{permissions: [edit]}",
      "m.yaml:52:24: a switch takes no `types`, and every other permission needs them"),
    ModelFlaw(
      "a scope named like a key", "key: boxes", "key: role",
      "m.yaml:50:18: `role` is taken, expected another key"),
  ]
}
