import VerdictModel

/// Everything that can be wrong with a check.
extension CheckGenerator {
  mutating func spoil(_ check: inout ReferenceCheck, in place: Place) {
    switch random.below(15) {
    case 0: check.organization = random.pick([nil, Array("initech".utf8), [], [0]])
    case 1: check.workspace = random.pick([nil, [], random.pick(IdentifierPool.unused)])
    case 2: check.workspace = random.pickAny(place.workspaces)?.id
    case 3: check.workspace = random.pick(IdentifierPool.illegal)
    case 4: spoilPrincipal(&check)
    case 5: spoilAction(&check, in: place)
    case 6: check.resource = spoiled(check.resource, in: place)
    case 7: check.target = spoiled(check.target, in: place)
    case 8: check.resource = anyResource(in: place)
    case 9: check.target = anyResource(in: place)
    case 10: (check.resource, check.target) = (check.target, check.resource)
    case 11:
      check.resource = anyResource(in: place)
      check.target = anyResource(in: place)
    case 12:
      check.resource = spoiled(check.resource, in: place)
      check.target = spoiled(check.target, in: place)
    case 13: check.target = nil
    default: check.target = userTarget(in: place)
    }
  }

  private mutating func spoilPrincipal(_ check: inout ReferenceCheck) {
    let prefix = random.pick(["user:", "service_token:", "personal_token:", ""])
    check.principal = Array(prefix.utf8) + random.pick(IdentifierPool.illegal)
  }

  private mutating func spoilAction(_ check: inout ReferenceCheck, in place: Place) {
    switch random.below(4) {
    case 0: check.action = []
    case 1: check.action = Array("no_such_action".utf8)
    case 2: check.action += [0]
    // Another action with the same operands.
    default: check.action = Array(random.pick(place.model.actions).name.utf8)
    }
  }

  /// The operand without its id, without its type, with an id that is none, of an unknown type, or
  /// not at all.
  private mutating func spoiled(_ operand: [UInt8]?, in place: Place) -> [UInt8]? {
    let given = ReferenceOperand(operand ?? anyResource(in: place))
    let slash = [UInt8(ascii: "/")]
    let id = given.id ?? Array("1".utf8)
    switch random.below(8) {
    case 0: return nil
    case 1: return []
    case 2: return given.type
    case 3: return given.type + slash
    case 4: return slash + id
    case 5: return Array("no_such_type/".utf8) + id
    case 6: return Array("no_such_type".utf8)
    default: return given.type + slash + random.pick(IdentifierPool.illegal)
    }
  }

  private mutating func anyResource(in place: Place) -> [UInt8] {
    let type = random.below(place.model.resourceTypes.count)
    let workspace = random.pickAny(place.workspaces)
    return resource(type, in: workspace, of: place)
  }

  private mutating func userTarget(in place: Place) -> [UInt8] {
    let id = random.pick(place.admins + place.members)
    switch random.below(6) {
    case 0: return id
    case 1: return Array("user:".utf8)
    case 2: return Array("user:".utf8) + random.pick(IdentifierPool.illegal)
    case 3: return Array("service_token:".utf8) + id
    case 4: return Array("user/".utf8) + id
    default: return Array("user:".utf8) + id
    }
  }
}
