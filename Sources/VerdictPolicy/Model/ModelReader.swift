internal import VerdictModel

/// Reads an access model (`apiVersion: verdict.model/v1`; docs/models.md) into `AccessModel`.
///
/// One pass from the ground up: types, permissions, relations, plans, then the actions and roles
/// that refer to them. Whatever is wrong is reported with its place, and the reading goes on.
struct ModelReader {
  var reading: Reading
  var model = AccessModel(
    id: "", display: "", access: .policies, resourceTypes: [], permissions: [], relations: [],
    actions: [], connections: [], roles: [], plans: [])

  static let apiVersion = "verdict.model/v1"

  static let topLevelKeys: [Key] = [
    .apiVersion, .id, .display, .access, .types, .permissions, .pii, .switches, .relations,
    .connections, .plans, .actions, .organizationActions, .roles,
  ]

  /// - Throws: every error found.
  static func read(_ bytes: ByteView, path: String) throws(PolicyError) -> AccessModel {
    var reader = ModelReader(reading: try Reading.parse(bytes, path: path))
    reader.readModel()
    try reader.reading.diagnostics.check()
    return reader.model
  }

  private mutating func readModel() {
    let required: [Key] = [.apiVersion, .id, .display, .access, .types, .permissions, .plans]
    guard
      let fields = reading.fields(
        0, "the model", allowed: ModelReader.topLevelKeys, required: required)
    else { return }
    readHead(fields)
    if let node = fields[.types] { readTypes(node) }
    if let node = fields[.permissions] { readPermissions(node, .resource) }
    if let node = fields[.pii] { readPermissions(node, .pii) }
    if let node = fields[.switches] { readPermissions(node, .switch) }
    if let node = fields[.relations] { readRelations(node) }
    if let node = fields[.connections] { model.connections = pairs(node, "`connections`") }
    if let node = fields[.plans] { readPlans(node) }
    if let node = fields[.actions] { readActions(node) }
    addDerivedActions()
    if let node = fields[.organizationActions] { readOrganizationActions(node) }
    if let node = fields[.roles] { readRoles(node) }
    checkSizes()
  }

  private mutating func readHead(_ fields: Fields) {
    if let node = fields[.apiVersion], let text = reading.text(node, "`apiVersion`"),
      text != ModelReader.apiVersion
    {
      reading.error(node, "`apiVersion` is `\(text)`, expected `\(ModelReader.apiVersion)`")
    }
    if let node = fields[.id] { model.id = name(node, "the model's `id`") ?? "" }
    if let node = fields[.display] { model.display = display(node) }
    if let node = fields[.access], let text = reading.text(node, "`access`") {
      if let access = AccessModel.Access(rawValue: text) {
        model.access = access
      } else {
        reading.error(node, "`access` is `\(text)`, expected `policies` or `roles`")
      }
    }
    if model.access == .policies, let roles = fields.keyNode(.roles) {
      reading.error(roles, "`roles` in a model with `access: policies`, expected `access: roles`")
    }
  }

  private mutating func readTypes(_ node: Int) {
    for (key, value) in reading.entries(node, "`types`") ?? .none(reading.tree) {
      guard let name = name(key, "a type") else { continue }
      let keys: [Key] = [.display, .plural]
      guard let fields = reading.fields(value, "a type", allowed: keys, required: keys) else {
        continue
      }
      model.resourceTypes.append(
        AccessModel.ResourceType(
          name: name, display: display(fields[.display]), plural: display(fields[.plural])))
    }
  }

  private mutating func readPermissions(_ node: Int, _ kind: AccessModel.Permission.Kind) {
    let allowed: [Key] = kind == .switch ? [.display] : [.display, .types, .narrowable]
    let required: [Key] = kind == .switch ? [.display] : [.display, .types]
    for (key, value) in reading.entries(node, "permissions") ?? .none(reading.tree) {
      guard let name = name(key, "a permission"),
        let fields = reading.fields(value, "a permission", allowed: allowed, required: required)
      else { continue }
      if model.permissionIndex(name) != nil {
        reading.error(key, "permission `\(name)` is defined twice, expected one name for each")
        continue
      }
      var narrowable = true
      if let node = fields[.narrowable] { narrowable = reading.flag(node, "`narrowable`") ?? true }
      let types = fields[.types].map { typeList($0) } ?? []
      model.permissions.append(
        AccessModel.Permission(
          name: name, display: display(fields[.display]), kind: kind,
          types: types.map { AccessModel.Grantable(type: $0, narrowable: narrowable) }))
    }
  }

  private mutating func readRelations(_ node: Int) {
    for element in reading.elements(node, "`relations`") ?? .none(reading.tree) {
      guard
        let fields = reading.fields(
          element, "a relation", allowed: [.name, .from, .to, .single, .throughConnections],
          required: [.name, .from, .to]),
        fields.isComplete, let nameNode = fields[.name], let name = name(nameNode, "a relation"),
        let from = fields[.from].flatMap({ type($0) }), let to = fields[.to].flatMap({ type($0) })
      else { continue }
      if name == Key.id.name || name == Key.name.name
        || model.relationIndex(name, from: from) != nil
      {
        reading.error(nameNode, "relation `\(name)` is taken on this type, expected another name")
        continue
      }
      model.relations.append(
        AccessModel.Relation(
          name: name, from: from, to: to, single: flag(fields, .single),
          throughConnections: flag(fields, .throughConnections)))
    }
  }

  private mutating func checkSizes() {
    check(model.resourceTypes.count, Limits.resourceTypeCountMax, "types")
    check(model.permissions.count, Limits.permissionCountMax, "permissions")
    check(model.actions.count, Limits.actionCountMax, "actions")
    check(model.relations.count, Limits.relationCountMax, "relations")
  }

  private mutating func check(_ count: Int, _ limit: Int, _ noun: String) {
    guard count > limit else { return }
    reading.error(0, "the model has \(count) \(noun), expected at most \(limit)")
  }
}
