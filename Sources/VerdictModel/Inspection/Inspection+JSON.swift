/// What inspections say, as JSON: the same members in this order from the command line and for
/// whoever else shows it. Members that say nothing are left out.
extension RightSource {
  public var json: JSONValue {
    var members = [JSONValue.Member("kind", kind.name)]
    if !name.isEmpty { members.append(JSONValue.Member("name", name)) }
    if let scope { members.append(JSONValue.Member("scope", scope.json)) }
    return .object(members)
  }
}

extension GrantScope {
  public var json: JSONValue {
    if isAll { return .object([JSONValue.Member("all", .bool(true))]) }
    var members = [JSONValue.Member("ids", .list(ids.map { .text($0) }))]
    if idCount > ids.count {
      members.append(JSONValue.Member("id_count", .number(Int64(idCount))))
    }
    members.append(JSONValue.Member("include_future", .bool(includesFuture)))
    return .object(members)
  }
}

extension InspectedPrincipal {
  public var json: JSONValue {
    var members = [JSONValue.Member("rank", rank.name)]
    if !user.isEmpty { members.append(JSONValue.Member("user", user)) }
    if userRank != rank { members.append(JSONValue.Member("user_rank", userRank.name)) }
    if !tokenScope.isEmpty { members.append(JSONValue.Member("token_scope", tokenScope)) }
    if !workspace.isEmpty { members.append(JSONValue.Member("workspace", workspace)) }
    return .object(members)
  }
}

extension Explanation {
  public var json: JSONValue {
    var members: [JSONValue.Member] = []
    if case .object(let answer) = answer.json { members = answer }
    members.append(JSONValue.Member("principal", principal.json))
    if !access.isEmpty { members.append(JSONValue.Member("access", .list(access.map(\.json)))) }
    if !alternatives.isEmpty {
      members.append(JSONValue.Member("alternatives", .list(alternatives.map(\.json))))
    }
    if !basis.isEmpty { members.append(JSONValue.Member("basis", .list(basis.map(\.json)))) }
    if !remedies.isEmpty {
      members.append(JSONValue.Member("remedies", .list(remedies.map(\.json))))
    }
    if !obstacle.isEmpty { members.append(JSONValue.Member("obstacle", obstacle)) }
    return .object(members)
  }
}

extension Explanation.Alternative {
  public var json: JSONValue {
    .object([
      JSONValue.Member("holds", .bool(holds)), JSONValue.Member("terms", .list(terms.map(\.json))),
    ])
  }
}

extension Explanation.Term {
  public var json: JSONValue {
    var members = [JSONValue.Member("permission", permission)]
    if !operand.isEmpty { members.append(JSONValue.Member("operand", operand)) }
    members.append(JSONValue.Member("holds", .bool(holds)))
    members.append(JSONValue.Member("requirements", .list(requirements.map(\.json))))
    return .object(members)
  }
}

extension Explanation.Requirement {
  public var json: JSONValue {
    var members: [JSONValue.Member] = []
    if !resource.isEmpty { members.append(JSONValue.Member("resource", resource)) }
    members.append(JSONValue.Member("holds", .bool(holds)))
    if isGrantedElsewhere { members.append(JSONValue.Member("granted_elsewhere", .bool(true))) }
    members.append(JSONValue.Member("sources", .list(sources.map(\.json))))
    return .object(members)
  }
}

extension Explanation.Remedy {
  public var json: JSONValue {
    .object([JSONValue.Member("grants", .list(grants.map(\.json)))])
  }
}

extension Explanation.MissingGrant {
  public var json: JSONValue {
    var members = [JSONValue.Member("permission", permission)]
    if !type.isEmpty {
      members.append(JSONValue.Member("type", type))
      members.append(JSONValue.Member("scope", id.isEmpty ? .text("all") : .list([.text(id)])))
    }
    if futureSuffices { members.append(JSONValue.Member("future_suffices", .bool(true))) }
    if !roles.isEmpty { members.append(JSONValue.Member("roles", .list(roles.map { .text($0) }))) }
    return .object(members)
  }
}

extension EffectivePolicy {
  public var json: JSONValue {
    var members = [JSONValue.Member("principal", principal.json)]
    if let refusal { members.append(JSONValue.Member("refusal", refusal.json)) }
    members.append(JSONValue.Member("administers", .bool(administers)))
    members.append(JSONValue.Member("access", .list(access.map(\.json))))
    members.append(JSONValue.Member("open_actions", .list(openActions.map { .text($0) })))
    members.append(
      JSONValue.Member("workspace_actions", .list(workspaceActions.map { .text($0) })))
    members.append(JSONValue.Member("grants", .list(entries.map(\.json))))
    return .object(members)
  }
}

extension EffectivePolicy.Entry {
  public var json: JSONValue {
    var members = [JSONValue.Member("permission", permission)]
    if !type.isEmpty { members.append(JSONValue.Member("type", type)) }
    if isPII { members.append(JSONValue.Member("pii", .bool(true))) }
    if !type.isEmpty { members.append(JSONValue.Member("scope", scope.json)) }
    members.append(
      JSONValue.Member(
        "sources",
        .list(
          contributions.map { contribution in
            var members = [JSONValue.Member("source", contribution.source.json)]
            if !type.isEmpty { members.append(JSONValue.Member("scope", contribution.scope.json)) }
            return .object(members)
          })))
    return .object(members)
  }
}

extension ResourcePage {
  public var json: JSONValue {
    var members: [JSONValue.Member] = []
    if let refusal { members.append(JSONValue.Member("refusal", refusal.json)) }
    members.append(
      JSONValue.Member(
        "resources",
        .list(
          resources.map {
            .object([JSONValue.Member("id", $0.id), JSONValue.Member("display", $0.display)])
          })))
    members.append(JSONValue.Member("includes_unknown", .bool(includesUnknown)))
    if !nextPageToken.isEmpty {
      members.append(JSONValue.Member("next_page_token", nextPageToken))
    }
    return .object(members)
  }
}

extension PrincipalPage {
  public var json: JSONValue {
    var members: [JSONValue.Member] = []
    if let refusal { members.append(JSONValue.Member("refusal", refusal.json)) }
    members.append(
      JSONValue.Member(
        "principals",
        .list(
          principals.map {
            .object([
              JSONValue.Member("principal", $0.principal),
              JSONValue.Member("reason", $0.reason.name),
              JSONValue.Member("through", .list($0.through.map(\.json))),
            ])
          })))
    if !nextPageToken.isEmpty {
      members.append(JSONValue.Member("next_page_token", nextPageToken))
    }
    return .object(members)
  }
}
