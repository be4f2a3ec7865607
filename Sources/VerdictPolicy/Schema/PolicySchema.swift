public import VerdictModel

/// A JSON Schema (draft 2020-12) of policy documents, so that editors complete and check them.
///
/// Keys, what is required and what stands under each come from `DocumentPlace`, as in the reader;
/// types, permissions, plans and roles from the model. What a schema can't say stays the reader's:
/// that names resolve, and the rules of the plans.
public struct PolicySchema {
  private let models: [AccessModel]

  /// - Precondition: there is at least one model.
  public init(_ models: [AccessModel]) {
    precondition(!models.isEmpty, "a document names a model")
    self.models = models
  }

  /// Complexity: linear in the models.
  public var json: JSONValue {
    let ids = models.map { JSONValue.text($0.id) }
    let keys = DocumentPlace.document.required.map { JSONValue.text($0.name) }
    let choices = models.map { model -> JSONValue in
      let named = JSONValue.object([
        .init(Key.model.name, .object([.init("const", model.id)]))
      ])
      return .object([
        .init(
          "if",
          .object([
            .init("properties", named), .init("required", .list([.text(Key.model.name)])),
          ])),
        .init("then", ModelSchema.reference(model, "document")),
      ])
    }
    var definitions = SharedSchema.definitions
    for model in models { definitions += ModelSchema(model: model).definitions }
    return .object([
      .init("$schema", "https://json-schema.org/draft/2020-12/schema"),
      .init("title", "Verdict policy document, version 1"), .init("type", "object"),
      .init(
        "properties",
        .object([.init(Key.model.name, .object([.init("enum", .list(ids))]))])),
      .init("required", .list(keys)), .init("allOf", .list(choices)),
      .init("$defs", .object(definitions)),
    ])
  }
}

/// What documents of all models have in common.
private enum SharedSchema {
  static func reference(_ name: String) -> JSONValue { .object([.init("$ref", "#/$defs/\(name)")]) }

  static var definitions: [JSONValue.Member] {
    // Scalars count by their text, so what another reader takes for a number is an id too.
    let scalars = JSONValue.list(["string", "number", "boolean"].map { .text($0) })
    return [
      .init(
        "id",
        .object([
          .init("type", scalars), .init("minLength", .number(1)),
          .init("maxLength", .number(Int64(Limits.idByteCountMax))),
        ])),
      .init(
        "name",
        .object([
          .init("type", scalars), .init("minLength", .number(1)),
          .init("maxLength", .number(Int64(PolicyLimits.displayByteCountMax))),
        ])),
      .init("ids", list(reference("id"))),
      .init("scope", scope(ids: reference("ids"))),
    ]
  }

  static func list(_ items: JSONValue) -> JSONValue {
    .object([.init("type", "array"), .init("items", items)])
  }

  static func choice(_ words: [String]) -> JSONValue {
    .object([.init("enum", .list(words.map { .text($0) }))])
  }

  static func constant(_ text: String) -> JSONValue { .object([.init("const", text)]) }

  static func anyOf(_ values: [JSONValue]) -> JSONValue {
    .object([.init("anyOf", .list(values))])
  }

  /// A mapping with these keys and no others.
  static func mapping(
    _ properties: [JSONValue.Member], required: [String] = []
  ) -> JSONValue {
    var members: [JSONValue.Member] = [
      .init("type", "object"), .init("properties", .object(properties)),
    ]
    if !required.isEmpty { members.append(.init("required", .list(required.map { .text($0) }))) }
    return .object(members + [.init("additionalProperties", .bool(false))])
  }

  /// `all`, a list of ids, or a mapping.
  static func scope(ids: JSONValue) -> JSONValue {
    let place = DocumentPlace.scope
    let properties = place.keys.map { key -> JSONValue.Member in
      .init(key.name, key == .ids ? ids : choiceOfFlag)
    }
    return anyOf([
      constant("all"), ids, mapping(properties, required: place.required.map(\.name)),
    ])
  }

  /// A truth value, also as the text that JSON may hold.
  private static var choiceOfFlag: JSONValue {
    .object([.init("enum", .list([.bool(true), .bool(false), .text("true"), .text("false")]))])
  }
}

/// The definitions of one model.
private struct ModelSchema {
  let model: AccessModel

  static func reference(_ model: AccessModel, _ name: String) -> JSONValue {
    SharedSchema.reference("\(model.id).\(name)")
  }

  private func reference(_ name: String) -> JSONValue { ModelSchema.reference(model, name) }

  var definitions: [JSONValue.Member] {
    [("document", DocumentPlace.document), ("policy", .policy)].compactMap { name, place in
      place == .policy && model.access == .roles
        ? nil : .init("\(model.id).\(name)", mapping(place))
    }
  }

  /// What may stand at a place.
  private func value(_ place: DocumentPlace) -> JSONValue {
    switch place {
    case .policy: return reference("policy")
    case .document, .organization, .group, .workspace, .connection, .policies, .tokens,
      .serviceToken, .personalToken, .scope:
      return mapping(place)
    case .groups, .workspaces, .holders, .roles:
      return .object([
        .init("type", "object"),
        .init("propertyNames", SharedSchema.reference("id")),
        .init("additionalProperties", value(place.value(ofWord: nil))),
      ])
    case .resources, .grants, .permissions, .pii:
      let words = place.words(of: model) ?? []
      return SharedSchema.mapping(
        words.enumerated().map { .init($1, value(under: $1, number: $0, in: place)) })
    case .resourceList, .connections, .assignments, .serviceTokens, .personalTokens:
      return SharedSchema.list(value(place.element))
    case .resource(let type): return resource(type)
    case .assignment: return assignment
    case .scopeValue: return SharedSchema.reference("scope")
    case .ids: return SharedSchema.reference("ids")
    case .text, .flag: return SharedSchema.reference("id")
    }
  }

  private func mapping(_ place: DocumentPlace) -> JSONValue {
    let keys = place.keys.filter { !place.foreignKeys(in: model.access).contains($0) }
    return SharedSchema.mapping(
      keys.map { .init($0.name, value(under: $0, in: place)) },
      required: place.required.map(\.name))
  }

  /// What stands under a fixed key: words where there are only some, else what the place says.
  private func value(under key: Key, in place: DocumentPlace) -> JSONValue {
    switch (place, key) {
    case (.document, .apiVersion): SharedSchema.constant(PolicyDocument.apiVersion)
    case (.document, .model): SharedSchema.constant(model.id)
    case (.organization, .plan): SharedSchema.choice(model.plans.map(\.name))
    case (.organization, .unknownResources):
      SharedSchema.choice([
        PolicyDocument.UnknownResources.future.name, PolicyDocument.UnknownResources.deny.name,
      ])
    case (.policy, .switches):
      SharedSchema.list(
        SharedSchema.choice(model.permissions.filter { $0.kind == .switch }.map(\.name)))
    case (.connection, .source), (.connection, .destination):
      reference(to: model.resourceTypes.indices.map { $0 })
    case (.serviceToken, .kind): SharedSchema.choice(["organization", "workspace"])
    case (.personalToken, .scope):
      SharedSchema.choice(PolicyDocument.TokenScope.allCases.map(\.name))
    case (_, .secretSha256):
      .object([.init("type", "string"), .init("pattern", "^[0-9A-Fa-f]{64}$")])
    default: value(place.value(of: key))
    }
  }

  /// What stands under a word of the model.
  private func value(under word: String, number: Int, in place: DocumentPlace) -> JSONValue {
    guard let permission = model.permissionIndex(word) else {
      return value(place.value(ofWord: number))
    }
    switch place {
    case .permissions(let type):
      let isNarrowable = model.grantable(permission, on: type)?.narrowable ?? false
      return isNarrowable ? SharedSchema.reference("scope") : SharedSchema.constant("all")
    case .pii:
      let types = model.permissions[permission].types
      if types.contains(where: { !$0.narrowable }) { return SharedSchema.constant("all") }
      if types.count == 1 { return SharedSchema.reference("scope") }
      return SharedSchema.scope(ids: SharedSchema.list(reference(to: types.map(\.type))))
    default: return value(place.value(ofWord: number))
    }
  }

  /// `TYPE/ID`.
  private func reference(to types: [Int]) -> JSONValue {
    let names = types.map { model.resourceTypes[$0].name }.joined(separator: "|")
    return .object([.init("type", "string"), .init("pattern", "^(\(names))/")])
  }

  /// An id, or a mapping; always a mapping where something has to be linked.
  private func resource(_ type: Int) -> JSONValue {
    let place = DocumentPlace.resource(type: type)
    let relations = model.relations.filter { $0.from == type }
    let links = relations.map {
      JSONValue.Member($0.name, SharedSchema.reference($0.single ? "id" : "ids"))
    }
    let required = relations.filter(\.single).map(\.name)
    let described = SharedSchema.mapping(
      place.keys.map { .init($0.name, SharedSchema.reference($0 == .id ? "id" : "name")) } + links,
      required: place.required.map(\.name) + required)
    return required.isEmpty
      ? SharedSchema.anyOf([SharedSchema.reference("id"), described]) : described
  }

  /// `{role: source_admin, sources: all}`: one form for each role, by what its scope is called.
  private var assignment: JSONValue {
    SharedSchema.anyOf(
      model.roles.map { role in
        let place = DocumentPlace.assignment
        let name = place.keys.map { key in
          JSONValue.Member(key.name, SharedSchema.constant(role.name))
        }
        let scope = role.scope.map {
          JSONValue.Member(
            $0.key,
            SharedSchema.anyOf([SharedSchema.constant("all"), SharedSchema.reference("ids")]))
        }
        return SharedSchema.mapping(
          name + (scope.map { [$0] } ?? []),
          required: place.required.map(\.name) + (role.scope.map { [$0.key] } ?? []))
      })
  }
}
