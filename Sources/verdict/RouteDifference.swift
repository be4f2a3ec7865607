internal import VerdictModel
internal import VerdictRoutes

/// How the route tables differ that two sets carry, route by route, in words.
struct RouteDifference {
  /// Each with its model, as `rudderstack: GET /v2/sources/{id}: needs view ...`.
  private(set) var gained: [String] = []
  private(set) var lost: [String] = []

  /// nil where the bytes are the same. Empty ones are no table: what ships counts then.
  init?(from old: [UInt8], to new: [UInt8]) {
    guard old != new else { return nil }
    let before = RouteDifference.texts(old)
    let after = RouteDifference.texts(new)
    let known = Set(before)
    let kept = Set(after)
    gained = after.filter { !known.contains($0) }
    lost = before.filter { !kept.contains($0) }
  }

  /// One text for each route.
  private static func texts(_ bytes: [UInt8]) -> [String] {
    bytes.withByteView { bytes in
      let tables = RouteTableList(bytes)
      return (0..<tables.count).flatMap { number in
        let table = tables[number]
        return (0..<table.routeCount).map { index in
          let lines = RouteText(table: table, route: table.route(index), path: nil).lines
          let facts = lines.dropFirst().map { $0.drop { $0 == " " } }.joined(separator: "; ")
          return "\(table.modelID.text): \(lines.first ?? ""): \(facts)"
        }
      }
    }
  }

  var lines: [String] {
    let changes = lost.map { "  - \($0)" } + gained.map { "  + \($0)" }
    return ["routes"] + (changes.isEmpty ? ["  the order in which they are tried"] : changes)
  }

  var json: JSONValue {
    .object([
      .init("lost", .list(lost.map { .text($0) })),
      .init("gained", .list(gained.map { .text($0) })),
    ])
  }
}
