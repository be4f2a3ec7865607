internal import VerdictModel
internal import VerdictSnapshot

/// The differences of two sets of organizations, for people and as JSON.
struct DifferenceReport {
  enum Organization {
    case added(String)
    case removed(String)
    case changed(String, SnapshotDifference)
  }

  private(set) var organizations: [Organization] = []
  private(set) var routes: RouteDifference?
  var isEmpty: Bool { organizations.isEmpty && routes == nil }

  init(from old: ComparedSet, to new: ComparedSet) {
    let ids = Set(old.views.map(\.organization)).union(new.views.map(\.organization))
    for id in ids.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
      let name = String(decoding: id, as: UTF8.self)
      let before = old.views.first { $0.organization == id }
      let after = new.views.first { $0.organization == id }
      guard let before else {
        organizations.append(.added(name))
        continue
      }
      guard let after else {
        organizations.append(.removed(name))
        continue
      }
      let difference = SnapshotDifference(from: before.view, to: after.view)
      if !difference.isEmpty { organizations.append(.changed(name, difference)) }
    }
    if let before = old.routes, let after = new.routes {
      routes = RouteDifference(from: before, to: after)
    }
  }

  // MARK: For people

  var lines: [String] {
    var lines: [String] = []
    for organization in organizations {
      if !lines.isEmpty { lines.append("") }
      switch organization {
      case .added(let name): lines.append("+ organization \(name)")
      case .removed(let name): lines.append("- organization \(name)")
      case .changed(let name, let difference):
        lines.append("organization \(name)")
        lines += difference.facts.map { "  \($0.name): \($0.old) -> \($0.new)" }
        lines += difference.resources.flatMap(DifferenceReport.lines)
        lines += difference.principals.flatMap(DifferenceReport.lines)
      }
    }
    if let routes {
      if !lines.isEmpty { lines.append("") }
      lines += routes.lines
    }
    return lines.map(TerminalText.escaped)
  }

  private static func lines(_ resource: SnapshotDifference.Resource) -> [String] {
    var lines: [String] = []
    switch (resource.old, resource.new) {
    case (nil, let place?): lines.append("  + resource \(resource.name) in \(place)")
    case (let place?, nil): lines.append("  - resource \(resource.name) in \(place)")
    case (let old?, let new?) where old != new:
      lines.append("  resource \(resource.name): \(old) -> \(new)")
    default: lines.append("  resource \(resource.name)")
    }
    lines += resource.linksGained.map { "    + link \($0)" }
    lines += resource.linksLost.map { "    - link \($0)" }
    return lines
  }

  private static func lines(_ principal: SnapshotDifference.Principal) -> [String] {
    var lines: [String] = []
    switch (principal.old, principal.new) {
    case (nil, let new?): lines.append("  + \(principal.name) (\(new))")
    case (let old?, nil): lines.append("  - \(principal.name) (\(old))")
    case (let old?, let new?) where old != new:
      lines.append("  \(principal.name) (\(old) -> \(new))")
    default: lines.append("  \(principal.name)")
    }
    for workspace in principal.workspaces {
      lines.append("    in \(workspace.name)")
      lines += workspace.changes.map { "      \(line($0))" }
    }
    return lines
  }

  private static func line(_ change: SnapshotDifference.Change) -> String {
    let sign =
      switch change.sign {
      case .gains: "+"
      case .loses: "-"
      case .keeps: "  keeps"
      }
    guard let type = change.type else { return "\(sign) \(change.right)" }
    let ids = change.isAll ? ["all"] : change.ids + (change.future ? ["future ones"] : [])
    return "\(sign) \(change.right) on \(type): \(ids.joined(separator: ", "))"
  }

  // MARK: JSON

  /// `{"organizations": [...]}`, empty where nobody gains or loses anything; with `routes` where
  /// those differ.
  var json: JSONValue {
    let members = [
      JSONValue.Member("organizations", .list(organizations.map(DifferenceReport.json)))
    ]
    return .object(members + (routes.map { [.init("routes", $0.json)] } ?? []))
  }

  private static func json(_ organization: Organization) -> JSONValue {
    switch organization {
    case .added(let name):
      return .object([.init("organization", name), .init("change", "added")])
    case .removed(let name):
      return .object([.init("organization", name), .init("change", "removed")])
    case .changed(let name, let difference):
      return .object([
        .init("organization", name), .init("change", "changed"),
        .init("facts", .list(difference.facts.map(json))),
        .init("resources", .list(difference.resources.map(json))),
        .init("principals", .list(difference.principals.map(json))),
      ])
    }
  }

  private static func json(_ fact: SnapshotDifference.Fact) -> JSONValue {
    .object([.init("name", fact.name), .init("old", fact.old), .init("new", fact.new)])
  }

  /// Members for what is there on one side or both.
  private static func sides(_ old: String?, _ new: String?) -> [JSONValue.Member] {
    [old.map { .init("old", $0) }, new.map { .init("new", $0) }].compactMap { $0 }
  }

  private static func json(_ resource: SnapshotDifference.Resource) -> JSONValue {
    func texts(_ name: String, _ texts: [String]) -> [JSONValue.Member] {
      texts.isEmpty ? [] : [.init(name, .list(texts.map { .text($0) }))]
    }
    return .object(
      [.init("resource", resource.name)] + sides(resource.old, resource.new)
        + texts("links_gained", resource.linksGained) + texts("links_lost", resource.linksLost))
  }

  private static func json(_ principal: SnapshotDifference.Principal) -> JSONValue {
    let workspaces = principal.workspaces.map { workspace in
      JSONValue.object([
        .init("workspace", workspace.name), .init("changes", .list(workspace.changes.map(json))),
      ])
    }
    return .object(
      [.init("principal", principal.name)] + sides(principal.old, principal.new)
        + [.init("workspaces", .list(workspaces))])
  }

  private static func json(_ change: SnapshotDifference.Change) -> JSONValue {
    var members: [JSONValue.Member] = [
      .init("change", change.sign.rawValue), .init("right", change.right),
    ]
    guard let type = change.type else { return .object(members) }
    members.append(.init("type", type))
    if change.isAll { return .object(members + [.init("scope", "all")]) }
    members.append(.init("ids", .list(change.ids.map { .text($0) })))
    if change.future { members.append(.init("future", .bool(true))) }
    return .object(members)
  }
}
